/** Attaches a client to a session over one bidirectional stream: output goes out while input comes in. */
import { seesAll } from '../../accounts/roles.ts';
import { invalidField, isAppError } from '../../errors.ts';
import {
  type Attach,
  type AttachSessionRequest,
  type AttachSessionResponse,
  type Exited,
  type Output,
  Stream,
  type TerminalSize,
  type Writer,
} from '../../generated/latchkey/v1/session.ts';
import type { Attachment } from '../../sessions/attachments/attachment.ts';
import type { TerminalChange, TerminalClient } from '../../sessions/attachments/terminals.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { OutputEnd, OutputPiece, OutputTimes } from '../../supervisor/connection/output-reader.ts';
import type { KnownCaller } from '../pipeline/caller.ts';
import type { LongMessage } from '../pipeline/methods.ts';
import { LONG_OUTPUT_BYTES, outputMessage } from '../transport/output-message.ts';

/** Longest input that one message may carry, in bytes. */
const MAX_INPUT_BYTES = 256 * 1024;

type Event = { $case: 'output'; value: Output } | { $case: 'exited'; value: Exited };
type Change = { $case: 'resized'; value: TerminalSize } | { $case: 'writer'; value: Writer };

/**
 * Yields the output of a session in order, then its exit status when `reading` returns one; also the times of
 * the output, with `timesEvent`.
 */
export async function* outputEvents<Times = never>(
  sessions: Pick<Sessions, 'oomKillsOf'>,
  sessionId: string,
  reading: AsyncGenerator<OutputPiece, OutputEnd>,
  timesEvent?: (times: OutputTimes) => Times,
): AsyncGenerator<{ event: Event | Times } | LongMessage> {
  try {
    while (true) {
      const { done, value } = await reading.next();
      if (!done && value.times !== undefined) {
        if (timesEvent !== undefined) yield { event: timesEvent(value.times) };
      } else if (!done) yield outputEvent(outputOf(value));
      else {
        if (value.exited === undefined) return;
        const { status: exitStatus } = value.exited;
        const oomKills = await sessions.oomKillsOf(sessionId, exitStatus);
        return yield { event: { $case: 'exited', value: { exitStatus, oomKills } } };
      }
    }
  } finally {
    await reading.return({});
  }
}

/** Serves AttachSession until the session ends. Throws when its output or input fails. */
export async function* attachSession(
  sessions: Pick<Sessions, 'attach' | 'oomKillsOf'>,
  requests: AsyncIterable<AttachSessionRequest>,
  caller: KnownCaller,
): AsyncGenerator<AttachSessionResponse | LongMessage> {
  const incoming = requests[Symbol.asyncIterator]();
  const { sessionId, offset, watch } = await firstRequest(incoming);
  const inputFailed = new AbortController();
  const ended = AbortSignal.any([caller.signal, inputFailed.signal]);
  using attachment = await sessions.attach({
    claims: caller.claims,
    seesAll: seesAll(caller),
    sessionId,
    offset,
    watch,
    signal: ended,
    end: (error) => caller.end(error),
  });
  void passInput(incoming, attachment).catch((error: unknown) => inputFailed.abort(error));
  try {
    const output = outputEvents(sessions, sessionId, attachment.output);
    if (attachment.terminal === undefined) yield* output;
    else yield* withChanges(output, attachment.terminal, () => attachment[Symbol.dispose]());
  } catch (error) {
    throw inputFailed.signal.aborted ? inputFailed.signal.reason : error;
  }
  inputFailed.signal.throwIfAborted();
}

/**
 * Yields what changes about a terminal as soon as it does, and between that its output. `detach` is called
 * before the output is left, which otherwise is waited for.
 */
async function* withChanges<Response>(
  output: AsyncGenerator<Response>,
  terminal: TerminalClient,
  detach: () => void,
): AsyncGenerator<Response | { event: Change }> {
  let next: (() => IteratorResult<Response>) | undefined;
  const readNext = (): void => {
    next = undefined;
    const arrived = (result: () => IteratorResult<Response>): void => {
      next = result;
      terminal.changed.notify();
    };
    output.next().then(
      (result) => arrived(() => result),
      (error: unknown) =>
        arrived(() => {
          throw error;
        }),
    );
  };
  readNext();
  try {
    for (;;) {
      const change = terminal.take();
      if (change !== undefined) yield { event: changeEvent(change) };
      else if (next === undefined) await terminal.changed.wait();
      else {
        const { done, value } = next();
        if (done) return;
        yield value;
        readNext();
      }
    }
  } finally {
    detach();
    await output.return(undefined);
  }
}

function changeEvent(change: TerminalChange): Change {
  return 'resized' in change
    ? { $case: 'resized', value: change.resized }
    : { $case: 'writer', value: { writes: change.writes } };
}

async function firstRequest(incoming: AsyncIterator<AttachSessionRequest>): Promise<Attach> {
  const { value } = await incoming.next();
  if (value?.request?.$case === 'attach') return value.request.value;
  throw invalidField('attach', 'must be set in the first message');
}

/** Passes the client's input to the program. SESSION_ENDED is left to the output, which reports the end. */
async function passInput(
  incoming: AsyncIterator<AttachSessionRequest>,
  attachment: Attachment,
): Promise<void> {
  try {
    while (true) {
      const { done, value } = await incoming.next();
      if (done) return;
      await passMessage(value, attachment);
    }
  } catch (error) {
    if (!isAppError(error, 'SESSION_ENDED')) throw error;
  }
}

async function passMessage({ request }: AttachSessionRequest, attachment: Attachment): Promise<void> {
  if (request?.$case === 'input') {
    if (request.value.length > MAX_INPUT_BYTES) {
      throw invalidField('input', `at most ${MAX_INPUT_BYTES} bytes at once`);
    }
    return attachment.input(request.value);
  }
  if (request?.$case === 'resize') return attachment.resize(request.value);
  if (request?.$case !== 'closeInput')
    throw invalidField('request', 'must be `input`, `close_input` or `resize` after the first message');
  await attachment.closeInput().catch((error: unknown) => {
    // A client that has attached again may repeat close_input.
    if (!isAppError(error, 'INPUT_CLOSED')) throw error;
  });
}

function outputEvent(output: Output): { event: Event } | LongMessage {
  if (output.data.length >= LONG_OUTPUT_BYTES) return outputMessage(output);
  return { event: { $case: 'output', value: output } };
}

function outputOf({ offset, stream, data }: OutputPiece): Output {
  return { offset, stream: stream === 'stderr' ? Stream.STDERR : Stream.STDOUT, data };
}
