/** A session that prints numbered lines, and a reader that continues after each crash. */

import { setTimeout as delay } from 'node:timers/promises';
import { sessionsById } from '../../../src/client/session-selection.ts';
import {
  EndSessionRequest,
  ReadOutputRequest,
  ReadOutputResponse,
  Stream,
} from '../../../src/generated/latchkey/v1/session.ts';
import { durationOf } from '../../../src/values/duration.ts';
import type { Rpc } from '../../support/server/rpc.ts';
import { startScript } from './programs-at-work.ts';

const SERVICE = '/latchkey.v1.SessionService';
const COUNT = 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.1; done';
const AGAIN_MS = 20;

/** The output of a session from its first byte: lines numbered from 1. */
class Reading {
  offset = 0;
  lines = 0;
  /** Start of an incomplete line. */
  #rest = '';
  /** The first error; undefined when there is none. */
  finding: string | undefined;

  take(offset: number, stream: Stream, data: Uint8Array): void {
    if (offset !== this.offset) this.finding ??= `output from ${offset}, where ${this.offset} was next`;
    this.offset = offset + data.length;
    // The shell reports its end on the other stream.
    if (stream !== Stream.STDOUT) return;
    const lines = (this.#rest + Buffer.from(data).toString()).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.lines += 1;
      if (line !== `line ${this.lines}`)
        this.finding ??= `${JSON.stringify(line)}, where line ${this.lines} was next`;
    }
  }

  /** Checks the end of the output; the last line may be cut. */
  end(): void {
    if (!`line ${this.lines + 1}`.startsWith(this.#rest))
      this.finding ??= `${JSON.stringify(this.#rest)} at the end`;
  }
}

export class NumberedLines {
  readonly id: string;
  readonly #token: string;
  readonly #line: () => Rpc;
  readonly #stop = new AbortController();
  readonly #followed = new Reading();
  readonly #following: Promise<void>;

  private constructor(id: string, token: string, line: () => Rpc) {
    this.id = id;
    this.#token = token;
    this.#line = line;
    this.#following = this.#follow();
  }

  /** `line` returns the current connection. */
  static async start(line: () => Rpc, token: string): Promise<NumberedLines> {
    const session = await startScript(line(), token, COUNT);
    if (session === undefined) throw new Error('the session of numbered lines does not start');
    return new NumberedLines(session.id, token, line);
  }

  /** Number of complete lines so far. Throws when one is lost, duplicated or out of order. */
  get lines(): number {
    return checked(this.#followed);
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#read(this.#followed, true, this.#stop.signal);
      } catch {
        await delay(AGAIN_MS); // the daemon is being killed
      }
    }
  }

  async #read(reading: Reading, follow: boolean, signal?: AbortSignal): Promise<void> {
    const request = ReadOutputRequest.fromPartial({ sessionId: this.id, offset: reading.offset, follow });
    const bytes = ReadOutputRequest.encode(request).finish();
    for await (const message of this.#line().messages(`${SERVICE}/ReadOutput`, bytes, this.#token, signal)) {
      const { event } = ReadOutputResponse.decode(message);
      if (event?.$case === 'exited') return;
      if (event?.$case === 'output') reading.take(event.value.offset, event.value.stream, event.value.data);
    }
  }

  /** Stops following. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  /**
   * Ends the session and reads all output again. Resolves with the number of lines; throws as `lines` does.
   */
  async end(): Promise<number> {
    const selection = sessionsById([this.id]);
    const request = EndSessionRequest.fromPartial({ selection, grace: durationOf(0) });
    const bytes = EndSessionRequest.encode(request).finish();
    const answer = await this.#line().unary(`${SERVICE}/EndSession`, bytes, this.#token);
    if (answer.code !== 0) throw new Error(`the session cannot be ended: ${answer.message}`);
    await this.stop();
    const whole = new Reading();
    await this.#read(whole, false);
    whole.end();
    if (checked(whole) < this.lines) throw new Error(`${whole.lines} lines, and ${this.lines} were read`);
    return whole.lines;
  }
}

function checked({ lines, finding }: Reading): number {
  if (finding !== undefined) throw new Error(`a line is lost, doubled or out of order: ${finding}`);
  return lines;
}
