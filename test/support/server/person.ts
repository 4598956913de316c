/** Somebody of this host who calls the daemon, and gets tokens from it, faster than real links would. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Account } from '../account.ts';
import type { TestDaemon } from './daemon.ts';
import type { Answer } from './rpc.ts';

/** What the process of a person is told to do. */
export type Order = { readonly id: number } & (
  | { do: 'meet'; server: { address: string; ca: string }; linksFolder: string }
  | { do: 'issue'; token?: string | undefined; daemon?: boolean }
  | { do: 'call'; path: string; request: string; token?: string | undefined; streams: boolean }
);

export interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly reason?: string | undefined;
  /** Base64. */
  readonly response?: string | undefined;
  readonly socket?: string;
  readonly token?: string | undefined;
  readonly jti?: string;
}

/** A registration: with a token as soon as the link was handed one, even if the answer never came. */
export interface Issue {
  readonly code: number;
  readonly reason: string | undefined;
  readonly message: string;
  readonly socket: string;
  readonly jti: string;
  readonly token: string | undefined;
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

const NO_WARNINGS = '--disable-warning=ExperimentalWarning';

export class Person implements AsyncDisposable {
  readonly account: Account;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Outcome>>();
  #last = 0;
  #gone: Error | undefined;

  private constructor(account: Account, child: ChildProcess) {
    this.account = account;
    this.#child = child;
    child.on('message', (outcome: Outcome & { id: number }) => {
      this.#waiting.get(outcome.id)?.resolve(outcome);
      this.#waiting.delete(outcome.id);
    });
    child.on('exit', (status, signal) => {
      this.#gone = new Error(`the process of ${account.name} ended: ${signal ?? status}`);
      for (const { reject } of this.#waiting.values()) reject(this.#gone);
    });
  }

  /** `under` is the command line that the process is started with, in front of its own. */
  static async start(account: Account, under: readonly string[] = []): Promise<Person> {
    const [execPath = process.execPath, ...execArgv] = [...under, process.execPath, NO_WARNINGS];
    const program = join(import.meta.dirname, 'person-process.ts');
    const child = fork(program, [`${account.uid}`], { execPath, execArgv });
    const person = new Person(account, child);
    await person.#answer(0);
    return person;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** From now on the person talks to `daemon`, on a new connection. */
  async meet(daemon: TestDaemon, address = daemon.serverFile.address): Promise<void> {
    const { ca } = daemon.serverFile;
    await this.#order({ do: 'meet', server: { address, ca }, linksFolder: join(daemon.runFolder, 'links') });
  }

  /** A new token of the person, through a link that runs nothing. Never rejects for what the server says. */
  async issue(options: { token?: string | undefined; daemon?: boolean } = {}): Promise<Issue> {
    const outcome = await this.#order({ do: 'issue', ...options });
    const { code, reason, message, token, jti = '', socket = '' } = outcome;
    return { code, reason, message, token, jti, socket };
  }

  /** A call of the person's process, whoever the token is of. */
  async call(path: string, request: Uint8Array, token?: string, streams = false): Promise<Answer> {
    const encoded = Buffer.from(request).toString('base64');
    const order = { do: 'call' as const, path, request: encoded, token, streams };
    const { code, message, reason, response } = await this.#order(order);
    const bytes = response === undefined ? undefined : Buffer.from(response, 'base64');
    return { code, message, reason, response: bytes };
  }

  #order(order: Unnumbered<Order>): Promise<Outcome> {
    if (this.#gone) return Promise.reject(this.#gone);
    this.#last += 1;
    const answer = this.#answer(this.#last);
    this.#child.send({ id: this.#last, ...order });
    return answer;
  }

  #answer(id: number): Promise<Outcome> {
    const waiting = Promise.withResolvers<Outcome>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  /** Ends the process, and with it the person's links and their tokens. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
