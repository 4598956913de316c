/** A client joined to a session over one stream both ways: output goes out while input comes in. */
import { AppError, isAppError } from '../../errors.ts';
import {
  type Attach,
  type AttachSessionRequest,
  type AttachSessionResponse,
  type Exited,
  type Output,
  Stream,
} from '../../generated/latchkey/v1/session.ts';
import type { Attachment } from '../../sessions/attachment.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { OutputEnd, OutputPiece } from '../../supervisor/connection/output-reader.ts';
import type { KnownCaller } from '../pipeline/caller.ts';
import type { LongMessage } from '../pipeline/methods.ts';
import { LONG_OUTPUT_BYTES, outputMessage } from '../transport/output-message.ts';

/** The most that one message may carry for the program, in bytes. */
const MAX_INPUT_BYTES = 256 * 1024;

type Event = { $case: 'output'; value: Output } | { $case: 'exited'; value: Exited };

/** Output and the end of a session as it comes, and the end alone when it was asked for. */
export async function* outputEvents(
  reading: AsyncGenerator<OutputPiece, OutputEnd>,
): AsyncGenerator<{ event: Event } | LongMessage> {
  try {
    while (true) {
      const { done, value } = await reading.next();
      if (!done) yield outputEvent(outputOf(value));
      else {
        if (value.exited) yield { event: { $case: 'exited', value: { exitStatus: value.exited.status } } };
        return;
      }
    }
  } finally {
    await reading.return({});
  }
}

/** Ends with the session, or with what goes wrong with its output or input. */
export async function* attachSession(
  sessions: Pick<Sessions, 'attach'>,
  requests: AsyncIterable<AttachSessionRequest>,
  { claims, signal }: KnownCaller,
): AsyncGenerator<AttachSessionResponse | LongMessage> {
  const incoming = requests[Symbol.asyncIterator]();
  const { sessionId, offset } = await firstRequest(incoming);
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  using attachment = await sessions.attach({ claims, sessionId, offset, signal: either });
  void passInput(incoming, attachment).catch((error: unknown) => broken.abort(error));
  try {
    yield* outputEvents(attachment.output);
  } catch (error) {
    throw broken.signal.aborted ? broken.signal.reason : error;
  }
  broken.signal.throwIfAborted();
}

async function firstRequest(incoming: AsyncIterator<AttachSessionRequest>): Promise<Attach> {
  const { value } = await incoming.next();
  if (value?.request?.$case === 'attach') return value.request.value;
  throw new AppError('INVALID_ARGUMENT', 'the first message has to be `attach`');
}

/** Hands on what the client types. The end of the session is told with its output, not from here. */
async function passInput(
  incoming: AsyncIterator<AttachSessionRequest>,
  attachment: Attachment,
): Promise<void> {
  try {
    while (true) {
      const { done, value } = await incoming.next();
      if (done) return;
      await pass(value, attachment);
    }
  } catch (error) {
    if (!isAppError(error, 'SESSION_ENDED')) throw error;
  }
}

async function pass({ request }: AttachSessionRequest, attachment: Attachment): Promise<void> {
  if (request?.$case === 'input') {
    if (request.value.length > MAX_INPUT_BYTES) {
      throw new AppError('INVALID_ARGUMENT', `input: at most ${MAX_INPUT_BYTES} bytes at once`);
    }
    return attachment.input(request.value);
  }
  if (request?.$case !== 'closeInput')
    throw new AppError('INVALID_ARGUMENT', 'input or close_input is wanted');
  await attachment.closeInput().catch((error: unknown) => {
    // A client that has attached again says it again.
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
