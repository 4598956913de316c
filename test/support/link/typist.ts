/** Types into a session's terminal over a link's line, and reads what it shows. */
import { expect } from 'vitest';
import type { ValueOf } from '../../../src/link-protocol/protocol.ts';
import type { Line } from './line.ts';

/** Longest input that is sent before the link has taken it, in bytes. */
const PIECE_BYTES = 64 * 1024;

export class Typist {
  readonly id: string;
  /** The keeper's pid. */
  readonly pid: number;
  readonly #line: Line;
  readonly #reader: number;

  private constructor(
    line: Line,
    { id, pid }: { readonly id: string; readonly pid: number },
    reader: number,
  ) {
    this.#line = line;
    this.id = id;
    this.pid = pid;
    this.#reader = reader;
  }

  /** Starts `command` in a terminal of 80 columns and 24 rows. */
  static async start(line: Line, command: string[], more: Partial<ValueOf<'start'>> = {}): Promise<Typist> {
    const started = await line.start(command, { terminal: { columns: 80, rows: 24 }, ...more });
    return new Typist(line, started, line.beginRead(started.id));
  }

  /** Continues over another link's line, which has taken the session over. */
  over(line: Line): Typist {
    return new Typist(line, this, line.beginRead(this.id));
  }

  /** All of the output so far, in latin1. */
  get shown(): string {
    const pieces = this.#line.frames.flatMap(({ body }) =>
      body?.$case === 'output' && body.value.reader === this.#reader ? [body.value.data] : [],
    );
    return Buffer.concat(pieces).toString('latin1');
  }

  /** Waits until the output matches. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    await expect.poll(() => this.shown, { timeout: 20_000, interval: 20 }).toMatch(pattern);
    return pattern.exec(this.shown) as RegExpExecArray;
  }

  /** Types `text`; resolves when the link has passed it on. */
  async types(text: string | Buffer): Promise<void> {
    const data = Buffer.from(text);
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      const value = { sessionId: this.id, data: data.subarray(at, at + PIECE_BYTES) };
      await this.#line.ask({ $case: 'stdin', value }, 'credit');
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#line.ask({ $case: 'resize', value: { sessionId: this.id, size: { columns, rows } } }, 'done');
  }

  async signal(signal: number): Promise<void> {
    await this.#line.ask({ $case: 'signal', value: { sessionId: this.id, signal } }, 'done');
  }

  end(graceMilliseconds: number): Promise<ValueOf<'ended'>> {
    return this.#line.ask({ $case: 'end', value: { sessionId: this.id, graceMilliseconds } }, 'ended');
  }

  /** Waits for the end of the session, when all of its output has been shown; resolves with its status. */
  async ended(): Promise<number | undefined> {
    const { exited } = await this.#line.take(
      'readEnd',
      ({ body }) => body?.$case === 'readEnd' && body.value.reader === this.#reader,
    );
    return exited?.status;
  }
}
