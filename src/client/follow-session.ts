/**
 * A session followed to its end through whatever happens to the connection: when it breaks, or the
 * daemon goes away, the client attaches again behind the last byte it had. Promises each byte of
 * output once and in order, and says so when the server had to drop some. Input that had been handed
 * over when the connection broke may be lost, as nobody can know whether it arrived.
 */
import { AppError, isAppError } from '../errors.ts';
import type { Exited, Output } from '../generated/latchkey/v1/session.ts';
import type { Client } from './connect/connect.ts';
import { SessionInput } from './session-input.ts';
import { Retry, type RetryProgress } from './watch/retry.ts';

/** What happened besides output. */
export type Progress =
  | RetryProgress
  | { readonly kind: 'dropped'; readonly bytes: number }
  | { readonly kind: 'input-closed' };

export interface Following {
  readonly sessionId: string;
  /** The first byte wanted; -1 for only what comes from now on. */
  readonly offset: number;
  /** For the program's standard input; its end closes that. Left alone when undefined. */
  readonly input?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Gets each piece; what it returns is waited for, so that a slow screen slows the program down. */
  readonly onOutput: (output: Output) => void | Promise<void>;
  readonly onProgress?: (progress: Progress) => void;
  /** How long to try to come back; 60 s unless said otherwise. */
  readonly giveUpMs?: number;
}

/** Where the following stands, across attachments. */
interface Position {
  offset: number;
  input: SessionInput | undefined;
}

/** Resolves with the session's end. Throws what makes going on useless, or CANCELLED by `signal`. */
export async function followSession(sessions: Client['sessions'], following: Following): Promise<Exited> {
  const { signal, offset, input } = following;
  const position: Position = { offset, input: input && new SessionInput(input) };
  const outage = new Retry(following);
  while (true) {
    try {
      return await attach(sessions, following, position, () => outage.isOver());
    } catch (error) {
      if (signal?.aborted || !isAppError(error)) throw error;
      if (!isSettled(error, position, following)) await outage.wait(error);
    }
  }
}

/** One attachment, to the session's end. `onAttached` is called when it has shown to work. */
async function attach(
  sessions: Client['sessions'],
  { sessionId, signal, onOutput }: Following,
  position: Position,
  onAttached: () => void,
): Promise<Exited> {
  const conversation = sessions.attachSession(signal && { signal });
  let isOver = false;
  const send = (request: Parameters<typeof conversation.send>[0]): Promise<void> =>
    conversation.send(request).catch(() => {}); // the responses tell why
  void send({ request: { $case: 'attach', value: { sessionId, offset: position.offset } } });
  void position.input?.sendTo(
    (piece) =>
      send({
        request:
          piece === undefined
            ? { $case: 'closeInput', value: true }
            : { $case: 'input', value: Buffer.from(piece) },
      }),
    () => isOver,
  );
  try {
    for await (const { event } of conversation.responses) {
      onAttached();
      if (event?.$case === 'exited') return event.value;
      if (event?.$case === 'output') await take(event.value, position, onOutput);
    }
    throw new AppError('UNAVAILABLE', 'the server left the session before its end');
  } finally {
    isOver = true;
    conversation.cancel();
  }
}

async function take(output: Output, position: Position, onOutput: Following['onOutput']): Promise<void> {
  const { offset, stream, data } = output;
  const known = position.offset < 0 ? 0 : Math.max(0, position.offset - offset);
  if (known >= data.length) return;
  position.offset = offset + data.length;
  await onOutput({ offset: offset + known, stream, data: data.subarray(known) });
}

/** Whether `error` only asks for another way on; `position` then says which. */
function isSettled(error: AppError, position: Position, { onProgress }: Following): boolean {
  if (error.reason === 'INPUT_CLOSED' && position.input !== undefined) {
    position.input = undefined;
    onProgress?.({ kind: 'input-closed' });
    return true;
  }
  const first = Number(error.details.first_offset);
  if (error.reason !== 'OUTPUT_DROPPED' || !(first > position.offset)) return false;
  onProgress?.({ kind: 'dropped', bytes: first - Math.max(0, position.offset) });
  position.offset = first;
  return true;
}
