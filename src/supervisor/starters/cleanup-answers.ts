/**
 * The answers of a process that ends sessions. It runs as the sessions' user, whose other processes may be
 * able to write to its standard output (/proc/PID/fd), so only answers to what was asked are kept, each once.
 */
import type { Readable } from 'node:stream';
import { AppError } from '../../errors.ts';
import { FrameDecoder } from '../../link-protocol/frames.ts';
import type { Body } from '../../link-protocol/protocol.ts';
import { bounded } from '../connection/bounded-frame.ts';
import { statusOf } from '../connection/output-reader.ts';
import type { CleanedUp } from '../lifecycle/end-session.ts';

/** Bytes of answers that name survivors: those of some fifty sessions, with all that can be named of each. */
const MAX_BYTES = 1024 * 1024;
/** Bytes of the answers about one session that has ended. */
const BYTES_PER_SESSION = 256;

export class CleanupAnswers {
  readonly #frames = new FrameDecoder();
  readonly #asked: ReadonlySet<string>;
  readonly #ended = new Map<string, CleanedUp['ended']>();
  readonly #statuses = new Map<string, number | undefined>();
  #bytesLeft: number;

  /** `asked` are the ids of the sessions. */
  constructor(asked: readonly string[]) {
    this.#asked = new Set(asked);
    this.#bytesLeft = MAX_BYTES + asked.length * BYTES_PER_SESSION;
  }

  /**
   * Reads the answers; resolves when `output` has been closed. When something else arrives, reads no further
   * and throws INVALID_ARGUMENT or LIMIT_EXCEEDED.
   */
  from(output: Readable): Promise<void> {
    return new Promise((resolve, reject) => {
      output.once('close', resolve).on('data', (chunk: Buffer) => {
        try {
          this.#take(chunk);
        } catch (error) {
          output.removeAllListeners('data').destroy();
          reject(error);
        }
      });
    });
  }

  /** The answers about sessions that are said to have ended, by session id. */
  get received(): ReadonlyMap<string, CleanedUp> {
    const said = [...this.#ended].map(
      ([id, ended]) => [id, { ended, status: this.#statuses.get(id) }] as const,
    );
    return new Map(said);
  }

  #take(chunk: Buffer): void {
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft < 0) throw new AppError('LIMIT_EXCEEDED', 'the process says too much');
    for (const { body } of this.#frames.push(chunk)) this.#hear(body && bounded(body));
  }

  #hear(body: Body | undefined): void {
    if (body?.$case === 'ended') this.#keep(this.#ended, body.value.sessionId, body.value);
    else if (body?.$case === 'exited')
      this.#keep(this.#statuses, body.value.sessionId, statusOf(body.value.status).status);
    else throw notAsked();
  }

  /** Keeps the one answer about a session that was asked for. */
  #keep<Value>(answers: Map<string, Value>, id: string, value: Value): void {
    if (!this.#asked.has(id) || answers.has(id)) throw notAsked();
    answers.set(id, value);
  }
}

function notAsked(): AppError {
  return new AppError('INVALID_ARGUMENT', 'the process says what it was not asked for');
}
