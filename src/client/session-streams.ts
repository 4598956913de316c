/**
 * A session's input and output as two streams of bytes, over one attachment that is never made again: whoever
 * speaks a protocol with the program could not tell what of the input has arrived.
 */
import { AppError, isAppError } from '../errors.ts';
import { Stream } from '../generated/latchkey/v1/session.ts';
import type { Client } from './connect/connect.ts';

export interface SessionStreams {
  /** Sends at most 256 KiB; resolves when there is room for more. Never rejects: `chunks` then fails. */
  write(bytes: Buffer): Promise<void>;
  /**
   * The session's standard output. Throws the errors of AttachSession, and SESSION_ENDED when the program has
   * ended, with its standard error as the message.
   */
  readonly chunks: AsyncGenerator<Buffer>;
}

/** Characters of standard error that are kept, at most. */
const MAX_ERROR_LENGTH = 1000;

/** Attaches to a session from its first byte on, until `signal` aborts or `chunks` is closed. */
export function sessionStreams(
  sessions: Pick<Client['sessions'], 'attachSession'>,
  sessionId: string,
  signal: AbortSignal,
): SessionStreams {
  const conversation = sessions.attachSession({ signal });
  const send = (request: Parameters<typeof conversation.send>[0]): Promise<void> =>
    conversation.send(request).catch(() => {}); // the responses have the error
  void send({ request: { $case: 'attach', value: { sessionId, offset: 0 } } });
  return {
    write: (bytes) => send({ request: { $case: 'input', value: bytes } }),
    chunks: outputOf(conversation),
  };
}

async function* outputOf({
  responses,
  cancel,
}: ReturnType<Client['sessions']['attachSession']>): AsyncGenerator<Buffer> {
  let errors = '';
  try {
    for await (const { event } of responses) {
      if (event?.$case === 'exited') throw ended(event.value.exitStatus, errors);
      if (event?.$case !== 'output') continue;
      const { stream, data } = event.value;
      if (stream !== Stream.STDERR) yield data;
      else errors = `${errors}${data.toString()}`.slice(0, MAX_ERROR_LENGTH);
    }
  } catch (error) {
    throw isAppError(error, 'INPUT_CLOSED') ? ended(undefined, errors) : error;
  } finally {
    cancel();
  }
}

function ended(status: number | undefined, errors: string): AppError {
  const why = errors.trim();
  return new AppError(
    'SESSION_ENDED',
    why === '' ? `the program on the host has ended with status ${status ?? 'unknown'}` : why,
  );
}
