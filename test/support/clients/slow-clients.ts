/** Slow connections to a server, held by a process of their own so that they do not slow down a test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestDaemon } from '../server/daemon.ts';

/** The points at which a slow client stops; with the last, it sends a byte a second. */
export const STAGES = ['silent', 'half a hello', 'half a preface', 'slow headers'] as const;
export type Stage = (typeof STAGES)[number];

export interface SlowWanted {
  readonly stage: Stage;
  readonly count: number;
  readonly uid: number;
  /** Both addresses; loopback by default. */
  readonly between?: { readonly localAddress: string; readonly host: string };
  /** Opens another connection for each one that the server closes. */
  readonly reopens: boolean;
}

export interface SlowCounts {
  readonly held: number;
  /** Number of connections that the server has closed. */
  readonly closed: number;
}

/** The request to close all connections, or to count them. */
export type SlowRequest = SlowWanted | 'release' | 'count';

export class SlowClients implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  static async of({ serverFile }: TestDaemon): Promise<SlowClients> {
    const port = serverFile.address.split(':').at(-1) ?? '';
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    const child = fork(join(import.meta.dirname, 'slow-process.ts'), [port, serverFile.ca], { execArgv });
    await once(child, 'message');
    return new SlowClients(child);
  }

  /** Opens connections, and resolves when each of them has come as far as its stage, or has been closed. */
  hold(wanted: SlowWanted): Promise<SlowCounts> {
    return this.#ask(wanted);
  }

  counts(): Promise<SlowCounts> {
    return this.#ask('count');
  }

  /** Closes all connections. */
  async release(): Promise<void> {
    await this.#ask('release');
  }

  async #ask(question: SlowRequest): Promise<SlowCounts> {
    const answer = once(this.#process, 'message');
    this.#process.send(question);
    const [counts] = await answer;
    return counts as SlowCounts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }
}
