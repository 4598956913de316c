/** A session that prints numbered lines, and a reader that goes on where it was after each crash. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  EndSessionRequest,
  GetSessionRequest,
  GetSessionResponse,
  ReadOutputRequest,
  ReadOutputResponse,
  type Session,
  StartSessionRequest,
  StartSessionResponse,
  Stream,
} from '../../src/generated/latchkey/v1/session.ts';
import type { Rpc } from '../support/rpc.ts';

const SERVICE = '/latchkey.v1.SessionService';
const COUNT = 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.02; done';
const AGAIN_MS = 20;

/** Starts `script`; undefined when the server did not answer that it runs. */
export async function startScript(rpc: Rpc, token: string, script: string): Promise<Session | undefined> {
  const request = StartSessionRequest.fromPartial({ command: ['sh', '-c', script] });
  const answer = await rpc.unary(
    `${SERVICE}/StartSession`,
    StartSessionRequest.encode(request).finish(),
    token,
  );
  return answer.response && StartSessionResponse.decode(answer.response).session;
}

export async function getSession(rpc: Rpc, token: string, sessionId: string): Promise<Session | undefined> {
  const request = GetSessionRequest.encode({ sessionId }).finish();
  const { response } = await rpc.unary(`${SERVICE}/GetSession`, request, token);
  return response && GetSessionResponse.decode(response).session;
}

export class NumberedLines {
  readonly id: string;
  readonly #token: string;
  readonly #line: () => Rpc;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  #text = '';
  #offset = 0;

  private constructor(id: string, token: string, line: () => Rpc) {
    this.id = id;
    this.#token = token;
    this.#line = line;
    this.#reading = this.#follow();
  }

  /** `line` is asked for the connection of the day. */
  static async start(line: () => Rpc, token: string): Promise<NumberedLines> {
    const session = await startScript(line(), token, COUNT);
    if (session === undefined) throw new Error('the session of numbered lines does not start');
    return new NumberedLines(session.id, token, line);
  }

  /** How many whole lines have come so far. */
  get lines(): number {
    return this.#text.split('\n').length - 1;
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#read(true, this.#stop.signal);
      } catch {
        await delay(AGAIN_MS); // the daemon is being killed
      }
    }
  }

  async #read(follow: boolean, signal?: AbortSignal): Promise<void> {
    const request = ReadOutputRequest.fromPartial({ sessionId: this.id, offset: this.#offset, follow });
    const bytes = ReadOutputRequest.encode(request).finish();
    for await (const message of this.#line().messages(`${SERVICE}/ReadOutput`, bytes, this.#token, signal)) {
      const { event } = ReadOutputResponse.decode(message);
      if (event?.$case === 'exited') return;
      if (event?.$case !== 'output') continue;
      const { offset, data, stream } = event.value;
      if (offset !== this.#offset) throw new Error(`output from ${offset}, not ${this.#offset}`);
      this.#offset += data.length;
      // On the other stream the shell says what its end was.
      if (stream === Stream.STDOUT) this.#text += data.toString();
    }
  }

  /** Follows it no longer. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  /** Ends the session and reads the rest. Throws when a line is lost, doubled or out of order. Resolves with their number. */
  async end(): Promise<number> {
    const request = EndSessionRequest.fromPartial({ sessionId: this.id, graceMilliseconds: 0 });
    const bytes = EndSessionRequest.encode(request).finish();
    const answer = await this.#line().unary(`${SERVICE}/EndSession`, bytes, this.#token);
    if (answer.code !== 0) throw new Error(`the session cannot be ended: ${answer.message}`);
    await this.stop();
    const followed = this.#text;
    this.#text = '';
    this.#offset = 0;
    await this.#read(false);
    if (!this.#text.startsWith(followed)) throw new Error('what was followed is not what was printed');
    const broken = firstBroken(this.#text);
    if (broken !== undefined) throw new Error(`a line is lost, doubled or out of order: ${broken}`);
    return this.lines;
  }
}

/** Where lines are not numbered one by one. A last one may be cut. */
function firstBroken(text: string): string | undefined {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  const index = lines.findIndex((line, at) => line !== `line ${at + 1}`);
  const near = JSON.stringify(lines.slice(Math.max(0, index - 2), index + 3));
  if (index >= 0) return `${near} from line ${index - 1} of ${lines.length}`;
  return `line ${lines.length + 1}\n`.startsWith(rest) ? undefined : `${JSON.stringify(rest)} at the end`;
}
