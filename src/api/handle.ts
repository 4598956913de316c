/**
 * The way of every call, once down and once up: who calls, the method's policy row, limits, the
 * request, one domain call, the reply or the mapped error, one line of log. Promises that nothing
 * of a request is read before the caller may make it, and that a call whose token ends is told so
 * at once. Knows no method.
 */
import { randomBytes } from 'node:crypto';
import { Metadata, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Refusals } from '../refusals.ts';
import { type Arrival, admit, type Door } from './admit.ts';
import { type Connection, sourceOf } from './connections.ts';
import { exchange } from './exchange.ts';
import type { ServedMethod } from './methods.ts';
import { deadlineMs } from './policy.ts';
import { publicError, statusOf } from './status.ts';
import { Wire } from './wire.ts';

export interface Handling extends Door {
  readonly log: Log;
  readonly refusals: Pick<Refusals, 'tell'>;
  /** Ends every call under way; its reason is what the callers are told. */
  readonly shutdown: AbortSignal;
}

/** The largest message of a caller without and with a token, in bytes. */
export const UNPROVEN_MESSAGE_BYTES = 64 * 1024;
const MESSAGE_BYTES = 1024 * 1024;

/** One call. `login` and `jti` are known once it has been let in. */
interface Passage extends Arrival {
  readonly method: ServedMethod;
  readonly wire: Wire;
  login?: string;
  jti?: string;
}

/** Serves one call. Resolves when nothing of it runs any more; never rejects. */
export async function handle(
  rooms: Handling,
  method: ServedMethod,
  connection: Connection,
  call: ServerInterceptingCallInterface,
): Promise<void> {
  const startedMs = performance.now();
  const control = new AbortController();
  const wire = new Wire(call, (error) => control.abort(error));
  const requestId = randomBytes(8).toString('hex');
  using ends = new DisposableStack();
  const passage: Passage = { method, wire, connection, metadata: wire.metadata, requestId, control, ends };
  occupy(connection, ends);
  const work = pass(rooms, passage);
  let failure: unknown;
  try {
    await Promise.race([work, cutOff(rooms, passage)]);
    wire.finish({ code: 0, details: 'OK', metadata: new Metadata() });
  } catch (error) {
    failure = error;
    wire.finish(statusOf(error, requestId));
  }
  // The caller knows; but a revocation waits until nothing is done in the token's name any more.
  await work.catch(() => {});
  report(rooms, passage, failure, performance.now() - startedMs);
}

async function pass(rooms: Handling, passage: Passage): Promise<void> {
  const { method, wire, control } = passage;
  const caller = await admit(rooms, method.row, passage);
  if ('claims' in caller) {
    passage.login = caller.claims.sub;
    passage.jti = caller.claims.jti;
    wire.allowMessages(MESSAGE_BYTES);
  }
  const { messageDueMs, typedDueMs } = rooms.limits.numbers;
  await exchange(method, wire, caller, { messageDueMs, typedDueMs, onIdle: (error) => control.abort(error) });
}

function occupy(connection: Connection, ends: DisposableStack): void {
  connection.calls += 1;
  ends.defer(() => {
    connection.calls -= 1;
    connection.idleSinceMs = performance.now();
  });
}

/** Rejects when the call is aborted: by its client, its token's end, its deadline or the shutdown. */
function cutOff({ shutdown, limits }: Handling, { method, wire, control, ends }: Passage): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cut = (): void => {
    wire.cut(control.signal.reason);
    reject(control.signal.reason);
  };
  const stop = (): void => control.abort(shutdown.reason);
  control.signal.addEventListener('abort', cut, { once: true });
  shutdown.addEventListener('abort', stop, { once: true });
  ends.defer(() => shutdown.removeEventListener('abort', stop));
  const limitMs = deadlineMs(method.row, method.definition, limits.numbers);
  if (limitMs !== undefined) {
    const late = new AppError('DEADLINE_EXCEEDED', `the call took longer than ${limitMs / 1000} s`);
    const timer = setTimeout(() => control.abort(late), limitMs);
    ends.defer(() => clearTimeout(timer));
  }
  if (shutdown.aborted) stop();
  return promise;
}

function report({ log, refusals }: Handling, passage: Passage, failure: unknown, milliseconds: number): void {
  const { method, connection, requestId, login, jti } = passage;
  const reason = failure === undefined ? undefined : publicError(failure).reason;
  const { address } = connection.peer;
  const details = { requestId, peer: address, jti, milliseconds: Math.round(milliseconds) };
  const line = { ...details, method: method.path, login, reason };
  if (reason === 'INTERNAL') log.error({ ...line, err: failure }, 'call failed');
  else if (reason !== undefined && reason !== 'CANCELLED') {
    const kind = {
      method: method.path,
      reason,
      login,
      from: login === undefined ? sourceOf(address) : undefined,
    };
    refusals.tell('call refused', kind, { ...details, cause: causeOf(failure) });
  } else if (method.row.quiet) log.debug(line, 'call');
  else log.info(line, 'call');
}

function causeOf(failure: unknown): string | undefined {
  const cause = failure instanceof Error ? failure.cause : undefined;
  return cause instanceof Error ? cause.message : undefined;
}
