/**
 * One connection to the local sshd for one account (RFC 4252, RFC 4256). No secret is sent before the
 * host key has been found to be pinned, each step has its own deadline, and a login only counts when a person
 * has answered a prompt, so never for an account without a password.
 */
import { createConnection, type Socket } from 'node:net';
import type { AnyAuthMethod, Client, Prompt as SshPrompt } from 'ssh2';
import { AppError } from '../../errors.ts';
import type { Answers, Prompt } from '../method.ts';
import { refused } from './ended.ts';
import { algorithmsOf, type HostKey } from './host-keys.ts';
import { StepDeadline } from './step-deadline.ts';

export interface SshDeadlines {
  readonly connectMs: number;
  readonly bannerMs: number;
  readonly keyExchangeMs: number;
  /** For each answer of sshd; excludes the time that a person needs. */
  readonly authMs: number;
  readonly execMs: number;
}

export const SSH_DEADLINES: SshDeadlines = {
  connectMs: 3_000,
  bannerMs: 5_000,
  keyExchangeMs: 5_000,
  authMs: 15_000,
  execMs: 15_000,
};

export interface SshServer {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly hostKeys: readonly HostKey[];
  readonly signal: AbortSignal;
  readonly deadlines: SshDeadlines;
}

export interface SshOptions extends SshServer {
  /** Canonical name of the account. */
  readonly username: string;
  readonly password: string;
  /** Shows prompts to the person, other than the one for the password. */
  readonly ask: (name: string, instruction: string, prompts: readonly Prompt[]) => Promise<Answers>;
}

export interface Executed {
  readonly status: number | undefined;
  /** At most the first 4 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_LENGTH = 4096;
const MAX_ROUNDS = 10;
const PASSWORD = /^(?:\([^)]*\) )?password:?\s*$/i;

export class SshConnection implements Disposable {
  readonly #options: SshOptions;
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #deadline: StepDeadline;
  readonly #failed = Promise.withResolvers<never>();
  #tried: string | undefined;
  #answered = false;
  #passwordUsed = false;
  #rounds = 0;

  private constructor(options: SshOptions, client: Client) {
    const { host, port, localAddress } = options;
    this.#options = options;
    this.#client = client;
    this.#failed.promise.catch(() => {});
    this.#deadline = new StepDeadline((step) =>
      this.#fail(unavailable(`sshd did not answer in time (${step})`)),
    );
    this.#deadline.begin('connecting', options.deadlines.connectMs);
    this.#socket = createConnection({ host, port, noDelay: true, ...(localAddress && { localAddress }) });
    this.#socket.setNoDelay(true);
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /**
   * Connects and logs in. Throws LOGIN_REFUSED, and UNAVAILABLE when sshd hangs, is not running, or
   * presents an unknown host key.
   */
  static async open(options: SshOptions): Promise<SshConnection> {
    const { default: ssh2 } = await import('ssh2'); // loaded by the first login
    options.signal.throwIfAborted();
    const connection = new SshConnection(options, new ssh2.Client());
    try {
      await Promise.race([connection.#authenticate(), connection.#failed.promise]);
      return connection;
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  /** Connects and verifies only the host key, without naming an account. Throws UNAVAILABLE like `open`. */
  static async verifyHostKey(server: SshServer): Promise<void> {
    const { default: ssh2 } = await import('ssh2');
    const options = { ...server, username: '', password: '', ask: async () => [] };
    using connection = new SshConnection(options, new ssh2.Client());
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.#client.on('handshake', () => resolve());
    connection.#connect(() => false);
    await Promise.race([promise, connection.#failed.promise]);
  }

  /** Runs a command line in the account's shell. Throws UNAVAILABLE when it does not end in time. */
  async execute(command: string): Promise<Executed> {
    this.#deadline.begin('running a command', this.#options.deadlines.execMs);
    const done = Promise.withResolvers<Executed>();
    this.#client.exec(command, (error, channel) => {
      if (error) return done.resolve({ status: undefined, stdout: '', stderr: error.message });
      let [status, stdout, stderr]: [number | undefined, string, string] = [undefined, '', ''];
      channel.setEncoding('utf8').on('data', (text: string) => {
        stdout = (stdout + text).slice(0, MAX_OUTPUT_LENGTH);
      });
      channel.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(0, MAX_OUTPUT_LENGTH);
      });
      channel.on('exit', (code: number | null) => {
        status = code ?? undefined;
      });
      channel.on('close', () => done.resolve({ status, stdout, stderr }));
      channel.end();
    });
    try {
      return await Promise.race([done.promise, this.#failed.promise]);
    } finally {
      this.#deadline.pause();
    }
  }

  readonly #abort = (): void => this.#fail(this.#options.signal.reason);

  #fail(reason: unknown): void {
    this.#failed.reject(reason);
    this[Symbol.dispose]();
  }

  async #authenticate(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#client.on('ready', resolve);
    this.#connect((left, isPartial) => this.#nextMethod(left, isPartial));
    await promise;
    this.#deadline.pause();
    if (!this.#answered) throw refused('sshd let the account in without asking anything');
  }

  /**
   * Starts the connection. `nextTry` is called for each authentication attempt, after the host key was
   * verified.
   */
  #connect(nextMethod: (left: string[] | null, isPartial: boolean) => AnyAuthMethod | false): void {
    const { username, hostKeys, deadlines } = this.#options;
    let isPinned = true;
    this.#client.on('close', () => this.#fail(unavailable('sshd closed the connection')));
    this.#client.on('error', (error) => {
      if ('level' in error && error.level === 'client-authentication') this.#fail(refused('by sshd'));
      else this.#fail(isPinned ? unavailable('cannot use sshd', error) : wrongHost());
    });
    this.#client.on('handshake', () => this.#deadline.begin('authenticating', deadlines.authMs));
    this.#socket.once('connect', () => this.#deadline.begin('banner', deadlines.bannerMs));
    this.#client.connect({
      sock: this.#socket,
      username,
      readyTimeout: 0,
      keepaliveInterval: 0,
      algorithms: { serverHostKey: algorithmsOf(hostKeys) as never },
      hostVerifier: (key: Buffer) => {
        isPinned = hostKeys.some(({ blob }) => blob.equals(key));
        return isPinned;
      },
      authHandler: nextMethod as never,
    });
    this.#socket.once('data', () => this.#deadline.begin('key exchange', deadlines.keyExchangeMs));
  }

  /** Returns the next authentication method, given those that sshd accepts; false to give up. */
  #nextMethod(left: string[] | null, isPartial: boolean): AnyAuthMethod | false {
    const { username, password } = this.#options;
    if (left === null) return this.#begin({ type: 'none', username });
    const unasked = this.#tried === 'keyboard-interactive' && this.#rounds === 0;
    if (this.#tried !== 'none' && !isPartial && !unasked) return false;
    if (left.includes('keyboard-interactive') && !unasked) {
      return this.#begin({
        type: 'keyboard-interactive',
        username,
        prompt: (name, instruction, _language, prompts, finish) => {
          this.#answer(name, instruction, prompts).then(finish, (error: unknown) => this.#fail(error));
        },
      });
    }
    if (!left.includes('password') || this.#passwordUsed) return false;
    this.#answered = true;
    this.#passwordUsed = true;
    return this.#begin({ type: 'password', username, password });
  }

  #begin(method: AnyAuthMethod): AnyAuthMethod {
    this.#tried = method.type;
    this.#deadline.begin('authenticating', this.#options.deadlines.authMs);
    return method;
  }

  /**
   * Answers sshd's prompts: the password itself, everything else by asking the person. Texts without a
   * prompt are not shown.
   */
  async #answer(name: string, instruction: string, asked: readonly SshPrompt[]): Promise<string[]> {
    this.#rounds += 1;
    if (this.#rounds > MAX_ROUNDS) throw unavailable('sshd asks too many questions');
    const prompts = asked.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true }));
    const [only, ...others] = prompts;
    let answers: Answers = [];
    if (only !== undefined && others.length === 0 && this.#isPassword(only)) {
      this.#passwordUsed = true;
      answers = [this.#options.password];
    } else if (only !== undefined) {
      this.#deadline.pause();
      answers = await this.#options.ask(name, instruction, prompts);
    }
    if (prompts.length > 0) this.#answered = true;
    this.#deadline.begin('authenticating', this.#options.deadlines.authMs);
    return [...answers];
  }

  #isPassword({ text, echo }: Prompt): boolean {
    return !this.#passwordUsed && !echo && PASSWORD.test(text);
  }

  /** Closes the connection, gracefully when that works within a second. */
  [Symbol.dispose](): void {
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#deadline[Symbol.dispose]();
    this.#client.end();
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), 1_000).unref();
  }
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', `${message}; tell the administrator of the server`, { cause });
}

function wrongHost(): AppError {
  return unavailable('sshd presented a host key that is not pinned; nothing was sent to it');
}
