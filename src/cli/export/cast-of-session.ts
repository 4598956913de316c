/** Makes an asciicast of what the server sends about a session: its output, and the marks with its times. */
import type { OutputTimes, Recording, Session, TerminalSize } from '../../generated/latchkey/v1/session.ts';
import { commandText } from '../../nouns/sessions.ts';
import { Asciicast, type CastVersion } from './asciicast.ts';

const LATE = 'what follows may have been printed earlier: no link was running';
const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };

interface Mark {
  readonly offset: number;
  readonly timeMs: number;
  readonly size: TerminalSize | undefined;
  readonly late: boolean;
}

export interface CastOptions {
  readonly version: CastVersion;
  readonly title: string | undefined;
  /** Gets whole lines. */
  readonly write: (line: string) => void;
}

export class CastOfSession {
  readonly #session: Session;
  readonly #options: CastOptions;
  #cast: Asciicast | undefined;
  #recording: Recording | undefined;
  /** Marks that lie ahead of the output so far. */
  #marks: Mark[] = [];
  #timeMs = 0;
  #size: TerminalSize | undefined;
  #lateMs = 0;
  /** Offset of the next byte. */
  #offset = 0;
  #unknownBytes = 0;

  constructor(session: Session, options: CastOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Says what is not known about the times; '' when all are known. */
  get remark(): string {
    if (this.#recording === undefined)
      return 'the times of this output are not known; all of it is at the beginning';
    if (this.#unknownBytes > 0)
      return `the times of the first ${this.#unknownBytes} bytes are not known; they are at the beginning`;
    return this.#lateMs > 0 ? 'some of the output may be older than its time; markers say which' : '';
  }

  times({ marks, recording }: OutputTimes): void {
    this.#recording ??= recording;
    for (const { offset, printedAt, terminal, late } of marks)
      this.#marks.push({ offset, timeMs: printedAt?.getTime() ?? 0, size: terminal, late });
  }

  output(offset: number, data: Buffer): void {
    this.#offset = offset;
    let rest = data;
    while (rest.length > 0) {
      this.#passMarks();
      const [next] = this.#marks;
      const piece = rest.subarray(0, next === undefined ? rest.length : next.offset - this.#offset);
      if (this.#timeMs === 0) this.#unknownBytes += piece.length;
      this.#begun().output(this.#timeMs, piece);
      this.#offset += piece.length;
      rest = rest.subarray(piece.length);
    }
  }

  /** Says that output up to the offset `first` is not available. */
  dropped(first: number, about: string): void {
    if (this.#cast !== undefined) this.#cast.marker(this.#timeMs, about);
    this.#offset = first;
  }

  /** Ends the cast; `exitStatus` is set when the session has ended with a known one. */
  end(exitStatus: number | undefined): void {
    this.#passMarks();
    const cast = this.#begun();
    cast.end();
    if (exitStatus !== undefined) cast.exit(this.#session.endedAt?.getTime() ?? cast.lastMs, exitStatus);
  }

  /** Applies the marks up to the next byte. */
  #passMarks(): void {
    for (let [mark] = this.#marks; mark !== undefined && mark.offset <= this.#offset; [mark] = this.#marks) {
      this.#marks.shift();
      this.#pass(mark);
    }
  }

  #pass({ timeMs, size, late }: Mark): void {
    const isFirst = this.#timeMs === 0 && this.#cast === undefined;
    this.#timeMs = Math.max(this.#timeMs, timeMs);
    const isOther = size !== undefined && !isSame(size, this.#size);
    this.#size = size ?? this.#size;
    if (isOther && !isFirst) this.#begun().resize(this.#timeMs, size);
    if (!late || timeMs <= this.#lateMs) return; // a mark may be repeated
    this.#lateMs = timeMs;
    this.#begun().marker(this.#timeMs, LATE);
  }

  #begun(): Asciicast {
    this.#cast ??= this.#begin();
    return this.#cast;
  }

  #begin(): Asciicast {
    const { startedAt, terminal, command } = this.#session;
    const { version, title, write } = this.#options;
    const startedMs = startedAt?.getTime() ?? this.#timeMs;
    // Without its beginning, the cast begins with the first output that is there.
    const isWhole = this.#offset === 0 || this.#timeMs === 0;
    const header = {
      size: this.#size ?? terminal ?? DEFAULT_SIZE,
      beganMs: isWhole ? startedMs : this.#timeMs,
      title: title ?? `session ${this.#session.id}`,
      command: command.length === 0 ? '' : commandText(this.#session),
      term: this.#recording?.term ?? '',
      shell: this.#recording?.shell ?? '',
    };
    this.#size = header.size;
    return new Asciicast(version, header, write);
  }
}

function isSame(one: TerminalSize, other: TerminalSize | undefined): boolean {
  return one.columns === other?.columns && one.rows === other.rows;
}
