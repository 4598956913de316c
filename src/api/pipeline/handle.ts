/**
 * Handles one call from its headers to its status: admits the caller, reads the request, calls the method's
 * handler, sends the answer or the error, and logs a line. Reads no request before the caller is admitted,
 * and aborts a call at once when its token ends. Depends on no particular method.
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
import { dispatch, type ReadLimits } from '../transport/dispatch.ts';
import { type AdmissionDeps, admit, type IncomingCall } from './admit.ts';
import { publicError, statusOf } from './grpc-status.ts';
import type { ServedMethod } from './methods.ts';
import { deadlineMs } from './policy.ts';
import { newRequestId } from './request-id.ts';

export interface HandleDeps extends AdmissionDeps {
  readonly log: Log;
  readonly refusals: Pick<RefusalLog, 'add'>;
  readonly activity: Pick<Activity, 'called'>;
  readonly underWay: CallsUnderWay;
}

/** Largest message of a caller without a token, in bytes. */
export const UNAUTHENTICATED_MESSAGE_BYTES = 64 * 1024;
/** The same with a token. */
export const MESSAGE_BYTES = 1024 * 1024;
/** Reasons of refusals that nobody needs to look at, or that the login room logs. */
const LOGGED_AT_DEBUG: ReadonlySet<string> = new Set(['CANCELLED', 'LOGIN_REFUSED']);
const OK: StatusObject = { code: 0, details: 'OK', metadata: new Metadata() };

/** One call under way. */
interface CallContext extends IncomingCall {
  readonly method: ServedMethod;
  readonly stream: CallStream;
}

/** Serves one call. Resolves when none of its work is running any more; never rejects. */
export async function handle(
  deps: HandleDeps,
  method: ServedMethod,
  connection: Connection,
  call: ServerInterceptingCallInterface,
): Promise<void> {
  const startedMs = performance.now();
  const requestId = newRequestId();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    stream.cut(failure.error);
    stream.finish(statusOf(failure.error, requestId));
  };
  const control = new CallControl(fail);
  const stream = new CallStream(call, UNAUTHENTICATED_MESSAGE_BYTES, (reason) => control.abort(reason));
  const slots = new DisposableStack();
  using cleanup = new DisposableStack();
  cleanup.defer(() => stream.whenClosed(() => slots[Symbol.dispose]()));
  const { metadata } = stream;
  const context: CallContext = { method, stream, connection, metadata, requestId, control, cleanup, slots };
  beginCall(deps, context);
  try {
    const admitted = admit(deps, method.row, context);
    const caller = admitted instanceof Promise ? await admitted : admitted;
    if ('claims' in caller) allowLogin(deps, stream, caller.claims);
    // A caller whose call is cut gets the status at once. The handler may still be running: a revocation
    // waits until it has returned.
    await dispatch(method, stream, caller, readLimits(deps, control));
    stream.finish(OK, deps.limits.numbers.fetchMs);
  } catch (error) {
    fail(error);
  }
  logCall(deps, context, failure?.error, performance.now() - startedMs);
}

function allowLogin({ limits }: HandleDeps, stream: CallStream, { sub }: TokenClaims): void {
  stream.allowMessages(MESSAGE_BYTES, (bytes) => limits.reserveFor(sub, bytes));
}

function readLimits({ limits }: HandleDeps, control: CallControl): ReadLimits {
  const { messageDueMs, typedDueMs } = limits.numbers;
  return { messageDueMs, typedDueMs, onIdle: (error) => control.abort(error) };
}

/** Counts the call until it ends, and aborts it at its deadline. */
function beginCall(
  { underWay, limits, activity }: HandleDeps,
  { method, connection, control, cleanup }: CallContext,
): void {
  activity.called();
  connection.calls += 1;
  underWay.enter(control);
  const limitMs = deadlineMs(method.row, method.definition, limits.numbers);
  const timer =
    limitMs === undefined ? undefined : setTimeout(() => control.abort(lateError(limitMs)), limitMs);
  cleanup.defer(() => {
    clearTimeout(timer);
    underWay.leave(control);
    connection.calls -= 1;
    connection.idleSinceMs = performance.now();
  });
}

function lateError(limitMs: number): AppError {
  return new AppError('DEADLINE_EXCEEDED', `the call took longer than ${limitMs / 1000} s`);
}

function logCall(
  { log, refusals }: HandleDeps,
  context: CallContext,
  failure: unknown,
  milliseconds: number,
): void {
  const { method, connection, requestId, login, jti } = context;
  const refusal = failure === undefined ? undefined : publicError(failure);
  const reason = refusal?.reason;
  const { address } = connection.peer;
  const details = { requestId, peer: address, jti, milliseconds: Math.round(milliseconds) };
  const line = { ...details, method: method.path, login, reason };
  if (reason === 'INTERNAL') log.error({ ...line, err: failure }, 'call failed');
  else if (reason !== undefined && !LOGGED_AT_DEBUG.has(reason)) {
    const kind = {
      method: method.path,
      reason,
      login,
      from: login === undefined ? sourceOf(address) : undefined,
    };
    refusals.add('call refused', kind, { ...details, why: refusal?.message, cause: causeOf(failure) });
  } else log.debug(line, 'call');
}

function causeOf(failure: unknown): string | undefined {
  const cause = failure instanceof Error ? failure.cause : undefined;
  return cause instanceof Error ? cause.message : undefined;
}
