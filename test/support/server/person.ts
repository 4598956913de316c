/** A user of this host who calls the server, and gets tokens from it, faster than real links would. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Account } from '../account.ts';
import type { TestDaemon } from './daemon.ts';
import type { Answer } from './rpc.ts';

/** Order to the process of a person. */
export type Order = { readonly id: number } & (
  | { do: 'meet'; server: { address: string; ca: string }; linksFolder: string }
  | { do: 'issue'; token?: string | undefined; daemon?: boolean }
  | { do: 'call'; path: string; request: string; token?: string | undefined; streams: boolean }
);

export interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly reason?: string | undefined;
  /** Response message, in base64. */
  readonly response?: string | undefined;
  readonly socket?: string;
  readonly token?: string | undefined;
  readonly jti?: string;
}

/** A registration. It has a token as soon as the link was sent one, even if the call was never answered. */
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

  /** Starts the person's process; `under` is a command in front of its own. */
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

  /** Connects the person to `daemon`, for all later calls. */
  async meet(daemon: TestDaemon, address = daemon.serverFile.address): Promise<void> {
    const { ca } = daemon.serverFile;
    await this.#order({ do: 'meet', server: { address, ca }, linksFolder: join(daemon.runFolder, 'links') });
  }

  /** Gets a new token through a link that runs nothing. Never rejects because of the server's answer. */
  async issue(options: { token?: string | undefined; daemon?: boolean } = {}): Promise<Issue> {
    const outcome = await this.#order({ do: 'issue', ...options });
    const { code, reason, message, token, jti = '', socket = '' } = outcome;
    return { code, reason, message, token, jti, socket };
  }

  /** Makes a call from the person's process, with anyone's token. */
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
