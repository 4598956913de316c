/**
 * The way of every call, once down and once up: who calls, the method's policy row, limits, the
 * request, one domain call, the reply or the mapped error, one line of log. Promises that nothing
 * of a request is read before the caller may make it, and that a call whose token ends is told so
 * at once. Knows no method.
 */
import { Metadata, type ServerInterceptingCallInterface, type StatusObject } from '@grpc/grpc-js';
import type { Activity } from '../../activity/activity.ts';
import { AppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import type { RefusalLog } from '../../log/refusal-log.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { CallControl, type CallsUnderWay } from '../transport/call-control.ts';
import { CallStream } from '../transport/call-stream.ts';
import { type Connection, sourceOf } from '../transport/connections.ts';
import { dispatch, type Patience } from '../transport/dispatch.ts';
import { type AdmissionDeps, admit, type IncomingCall } from './admit.ts';
import { publicError, statusOf } from './grpc-status.ts';
import type { ServedMethod } from './methods.ts';
import { deadlineMs } from './policy.ts';
import { newRequestId } from './request-id.ts';

export interface Handling extends AdmissionDeps {
  readonly log: Log;
  readonly refusals: Pick<RefusalLog, 'add'>;
  readonly activity: Pick<Activity, 'called'>;
  readonly underWay: CallsUnderWay;
}

/** The largest message of a caller without and with a token, in bytes. */
export const UNPROVEN_MESSAGE_BYTES = 64 * 1024;
const MESSAGE_BYTES = 1024 * 1024;
const OK: StatusObject = { code: 0, details: 'OK', metadata: new Metadata() };

/** One call. `login` and `jti` are known once it has been let in. */
interface CallContext extends IncomingCall {
  readonly method: ServedMethod;
  readonly wire: CallStream;
  login?: string;
  jti?: string;
}

/** Serves one call. Resolves when nothing of it runs any more; never rejects. */
export async function handle(
  deps: Handling,
  method: ServedMethod,
  connection: Connection,
  call: ServerInterceptingCallInterface,
): Promise<void> {
  const startedMs = performance.now();
  const requestId = newRequestId();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    wire.cut(failure.error);
    wire.finish(statusOf(failure.error, requestId));
  };
  const control = new CallControl(fail);
  const wire = new CallStream(call, UNPROVEN_MESSAGE_BYTES, (reason) => control.abort(reason));
  const slots = new DisposableStack();
  using ends = new DisposableStack();
  ends.defer(() => wire.whenClosed(() => slots[Symbol.dispose]()));
  const { metadata } = wire;
  const context: CallContext = { method, wire, connection, metadata, requestId, control, ends, slots };
  occupy(deps, context);
  try {
    const admitted = admit(deps, method.row, context);
    const caller = admitted instanceof Promise ? await admitted : admitted;
    if ('claims' in caller) proven(deps, context, caller.claims);
    // A caller who is cut off knows at once; but a revocation waits until nothing is done in the token's
    // name any more.
    await dispatch(method, wire, caller, patience(deps, control));
    wire.finish(OK, deps.limits.numbers.fetchMs);
  } catch (error) {
    fail(error);
  }
  report(deps, context, failure?.error, performance.now() - startedMs);
}

function proven({ limits }: Handling, context: CallContext, { sub, jti }: TokenClaims): void {
  context.login = sub;
  context.jti = jti;
  context.wire.allowMessages(MESSAGE_BYTES, (bytes) => limits.reserveFor(sub, bytes));
}

function patience({ limits }: Handling, control: CallControl): Patience {
  const { messageDueMs, typedDueMs } = limits.numbers;
  return { messageDueMs, typedDueMs, onIdle: (error) => control.abort(error) };
}

/** The call counts from now until it ends, and has to end by its deadline. */
function occupy(
  { underWay, limits, activity }: Handling,
  { method, connection, control, ends }: CallContext,
): void {
  activity.called();
  connection.calls += 1;
  underWay.enter(control);
  const limitMs = deadlineMs(method.row, method.definition, limits.numbers);
  const timer = limitMs === undefined ? undefined : setTimeout(() => control.abort(late(limitMs)), limitMs);
  ends.defer(() => {
    clearTimeout(timer);
    underWay.leave(control);
    connection.calls -= 1;
    connection.idleSinceMs = performance.now();
  });
}

function late(limitMs: number): AppError {
  return new AppError('DEADLINE_EXCEEDED', `the call took longer than ${limitMs / 1000} s`);
}

function report(
  { log, refusals }: Handling,
  context: CallContext,
  failure: unknown,
  milliseconds: number,
): void {
  const { method, connection, requestId, login, jti } = context;
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
    refusals.add('call refused', kind, { ...details, cause: causeOf(failure) });
  } else if (method.row.quiet) log.debug(line, 'call');
  else log.info(line, 'call');
}

function causeOf(failure: unknown): string | undefined {
  const cause = failure instanceof Error ? failure.cause : undefined;
  return cause instanceof Error ? cause.message : undefined;
}
