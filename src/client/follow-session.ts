/**
 * Follows a session to its end, across lost connections: when the connection breaks or the daemon restarts,
 * the client attaches again after the last byte that it has received. Each byte of output is delivered once
 * and in order, or reported as dropped by the server. Input that was being sent when the connection broke may
 * be lost, since it is unknown whether it arrived.
 */
import { AppError, isAppError } from '../errors.ts';
import type { Exited, Output, TerminalSize } from '../generated/latchkey/v1/session.ts';
import type { Client } from './connect/connect.ts';
import { SessionInput } from './session-input.ts';
import { type SizeSource, sendSizes } from './session-size.ts';
import { Retry, type RetryProgress } from './watch/retry.ts';

/** Events besides output. */
export type Progress =
  | RetryProgress
  | { readonly kind: 'dropped'; readonly bytes: number }
  | { readonly kind: 'input-closed' }
  /** The session's terminal has this size now. */
  | { readonly kind: 'resized'; readonly size: TerminalSize }
  /** True when input of this attachment reaches the program in its terminal. */
  | { readonly kind: 'writer'; readonly writes: boolean };

export interface FollowOptions {
  readonly sessionId: string;
  /** Offset of the first byte wanted; -1 for only new output. */
  readonly offset: number;
  /**
   * Bytes for the program's standard input, which is closed at their end. Without it, the input is not
   * touched.
   */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Only watches a session with a terminal: its input, and its size, are another attachment's. */
  readonly watch?: boolean;
  /** Size that the session's terminal shall have; only for a session with a terminal. */
  readonly size?: SizeSource;
  readonly signal?: AbortSignal;
  /** Called with each piece of output and awaited, so that a slow terminal slows the program down. */
  readonly onOutput: (output: Output) => void | Promise<void>;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Returns the offset to continue at when output is no longer kept; by default that of the first byte kept.
   */
  readonly skipTo?: () => Promise<number>;
  /** Time to try to reconnect, in milliseconds; 60 seconds by default. */
  readonly giveUpMs?: number;
}

/** State that is kept across attachments. */
interface Position {
  offset: number;
  input: SessionInput | undefined;
}

/** Resolves with the session's end. Throws errors that a retry cannot fix, or CANCELLED by `signal`. */
export async function followSession(sessions: Client['sessions'], following: FollowOptions): Promise<Exited> {
  const { signal, offset, input } = following;
  const position: Position = { offset, input: input && new SessionInput(input) };
  const outage = new Retry(following);
  while (true) {
    try {
      return await attach(sessions, following, position, () => outage.succeeded());
    } catch (error) {
      if (signal?.aborted || !isAppError(error)) throw error;
      if (!(await canContinue(error, position, following))) await outage.wait(error);
    }
  }
}

/** Attaches once, to the session's end. Calls `onAttached` with each response. */
async function attach(
  sessions: Client['sessions'],
  following: FollowOptions,
  position: Position,
  onAttached: () => void,
): Promise<Exited> {
  const { sessionId, signal, onOutput, onProgress, size, watch = false } = following;
  const conversation = sessions.attachSession(signal && { signal });
  const detached = new AbortController();
  const send = (request: Parameters<typeof conversation.send>[0]): Promise<void> =>
    conversation.send(request).catch(() => {}); // the responses have the error
  void send({ request: { $case: 'attach', value: { sessionId, offset: position.offset, watch } } });
  const passInput = (): void =>
    void position.input?.sendTo(
      (piece) => send(piece === undefined ? CLOSE_INPUT : inputRequest(piece)),
      () => detached.signal.aborted,
    );
  if (size === undefined) passInput();
  else void sendSizes(size, (value) => send({ request: { $case: 'resize', value } }), detached.signal);
  try {
    let answers = 0;
    for await (const { event } of conversation.responses) {
      onAttached();
      // What is typed at a terminal waits for an attachment that exists: otherwise it would be lost with it.
      if (size !== undefined && answers === 0) passInput();
      answers += 1;
      if (event?.$case === 'exited') return event.value;
      if (event?.$case === 'output') await deliver(event.value, position, onOutput);
      if (event?.$case === 'resized') onProgress?.({ kind: 'resized', size: event.value });
      if (event?.$case === 'writer') onProgress?.({ kind: 'writer', writes: event.value.writes });
    }
    throw new AppError('UNAVAILABLE', "the server ended the stream before the session's end");
  } finally {
    detached.abort();
    conversation.cancel();
  }
}

const CLOSE_INPUT = { request: { $case: 'closeInput', value: true } } as const;

function inputRequest(piece: Uint8Array): { request: { $case: 'input'; value: Buffer } } {
  return { request: { $case: 'input', value: Buffer.from(piece) } };
}

async function deliver(
  output: Output,
  position: Position,
  onOutput: FollowOptions['onOutput'],
): Promise<void> {
  const { offset, stream, data } = output;
  const received = Math.max(0, position.offset - offset);
  if (received >= data.length) return;
  position.offset = offset + data.length;
  await onOutput({ offset: offset + received, stream, data: data.subarray(received) });
}

/** Resolves with true when attaching again at once solves `error`; `position` is changed accordingly. */
async function canContinue(error: AppError, position: Position, following: FollowOptions): Promise<boolean> {
  const { onProgress, skipTo } = following;
  if (error.reason === 'INPUT_CLOSED' && position.input !== undefined) {
    position.input = undefined;
    onProgress?.({ kind: 'input-closed' });
    return true;
  }
  const first = Number(error.details.firstOffset);
  if (error.reason !== 'OUTPUT_DROPPED' || !(first > position.offset)) return false;
  onProgress?.({ kind: 'dropped', bytes: first - Math.max(0, position.offset) });
  position.offset = (await skipTo?.()) ?? first;
  return true;
}
