/** The marks that a reader of a session's output has not been sent yet. */
import type { Mark, Marks, Recording } from '../../generated/latchkey/link/v1/link.ts';
import { MAX_MARKS } from '../../link-protocol/protocol.ts';
import type { OutputLog } from './output-log.ts';

type Marked = Pick<OutputLog, 'recording' | 'marks'>;

export class MarksToSend {
  readonly #log: Marked;
  /** Sent first. */
  #recording: Recording | undefined;
  #last: Mark | undefined;
  #until = 0;

  private constructor(log: Marked, recording: Recording) {
    this.#log = log;
    this.#recording = recording;
  }

  /** Returns undefined when the times of the output are not kept. */
  static of(log: Marked): MarksToSend | undefined {
    const { recording } = log;
    return recording && new MarksToSend(log, recording);
  }

  /** The offset up to which output may be sent without further marks. */
  get until(): number {
    return this.#until;
  }

  /**
   * Takes the marks of a piece from `offset` to `end`, or of its beginning when there are too many. Returns
   * undefined when there are none to send.
   */
  take(offset: number, end: number): Pick<Marks, 'marks' | 'recording'> | undefined {
    if (offset < this.#until) return undefined;
    const found = this.#log.marks(this.#last, offset, end, MAX_MARKS + 1);
    const marks = found.slice(0, MAX_MARKS);
    const recording = this.#recording;
    this.#last = marks.at(-1) ?? this.#last;
    this.#recording = undefined;
    this.#until = found[MAX_MARKS]?.offset ?? end;
    return marks.length > 0 || recording !== undefined ? { marks, recording } : undefined;
  }
}
