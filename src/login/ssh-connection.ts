/**
 * One connection to the local sshd, as somebody (RFC 4252, RFC 4256). Promises that nothing secret is
 * sent before the host key was found to be a pinned one, that every step has a deadline of its own,
 * and that only an answer that somebody gave lets anybody in, never an account without a password.
 */
import { createConnection, type Socket } from 'node:net';
import type { AnyAuthMethod, Client, Prompt as SshPrompt } from 'ssh2';
import { AppError } from '../errors.ts';
import { refused } from './conversation.ts';
import { algorithmsOf, type HostKey } from './host-keys.ts';
import type { Answers, Prompt } from './method.ts';
import { StepDeadline } from './step-deadline.ts';

export interface SshDeadlines {
  readonly connectMs: number;
  readonly bannerMs: number;
  readonly keyExchangeMs: number;
  /** Each answer of sshd's; how long somebody thinks is not counted. */
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
  /** The canonical name of an account. */
  readonly username: string;
  readonly password: string;
  /** Asks somebody what sshd asks beyond the password. */
  readonly ask: (name: string, instruction: string, prompts: readonly Prompt[]) => Promise<Answers>;
}

export interface Executed {
  readonly status: number | undefined;
  /** The first 4 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_OUTPUT = 4096;
const MOST_ROUNDS = 10;
const PASSWORD = /^(?:\([^)]*\) )?password:?\s*$/i;

export class SshConnection implements Disposable {
  readonly #options: SshOptions;
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #watchdog: StepDeadline;
  readonly #broken = Promise.withResolvers<never>();
  #tried: string | undefined;
  #answered = false;
  #passwordUsed = false;
  #rounds = 0;

  private constructor(options: SshOptions, client: Client) {
    const { host, port, localAddress } = options;
    this.#options = options;
    this.#client = client;
    this.#broken.promise.catch(() => {});
    this.#watchdog = new StepDeadline((step) =>
      this.#break(unavailable(`sshd did not answer in time (${step})`)),
    );
    this.#watchdog.begin('connecting', options.deadlines.connectMs);
    this.#socket = createConnection({ host, port, noDelay: true, ...(localAddress && { localAddress }) });
    this.#socket.setNoDelay(true);
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Logged in. Throws LOGIN_REFUSED; UNAVAILABLE for an sshd that hangs, is not there or not the pinned one. */
  static async open(options: SshOptions): Promise<SshConnection> {
    const { default: ssh2 } = await import('ssh2'); // loaded by the first login
    options.signal.throwIfAborted();
    const connection = new SshConnection(options, new ssh2.Client());
    try {
      await Promise.race([connection.#authenticate(), connection.#broken.promise]);
      return connection;
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  /** Gets as far as a pinned host key, and says nobody's name. Throws UNAVAILABLE as `open` does. */
  static async greet(server: SshServer): Promise<void> {
    const { default: ssh2 } = await import('ssh2');
    const options = { ...server, username: '', password: '', ask: async () => [] };
    using connection = new SshConnection(options, new ssh2.Client());
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.#client.on('handshake', () => resolve());
    connection.#connect(() => false);
    await Promise.race([promise, connection.#broken.promise]);
  }

  /** Runs one command line in the account's shell. Throws UNAVAILABLE when it does not end in time. */
  async execute(command: string): Promise<Executed> {
    this.#watchdog.begin('running a command', this.#options.deadlines.execMs);
    const done = Promise.withResolvers<Executed>();
    this.#client.exec(command, (error, channel) => {
      if (error) return done.resolve({ status: undefined, stdout: '', stderr: error.message });
      let [status, stdout, stderr]: [number | undefined, string, string] = [undefined, '', ''];
      channel.setEncoding('utf8').on('data', (text: string) => {
        stdout = (stdout + text).slice(0, MOST_OUTPUT);
      });
      channel.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(0, MOST_OUTPUT);
      });
      channel.on('exit', (code: number | null) => {
        status = code ?? undefined;
      });
      channel.on('close', () => done.resolve({ status, stdout, stderr }));
      channel.end();
    });
    try {
      return await Promise.race([done.promise, this.#broken.promise]);
    } finally {
      this.#watchdog.rest();
    }
  }

  readonly #abort = (): void => this.#break(this.#options.signal.reason);

  #break(reason: unknown): void {
    this.#broken.reject(reason);
    this[Symbol.dispose]();
  }

  async #authenticate(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#client.on('ready', resolve);
    this.#connect((left, isPartial) => this.#nextTry(left, isPartial));
    await promise;
    this.#watchdog.rest();
    if (!this.#answered) throw refused('sshd asked for nothing');
  }

  /** `nextTry` is asked once the host key is a pinned one. */
  #connect(nextTry: (left: string[] | null, isPartial: boolean) => AnyAuthMethod | false): void {
    const { username, hostKeys, deadlines } = this.#options;
    let isPinned = true;
    this.#client.on('close', () => this.#break(unavailable('sshd closed the connection')));
    this.#client.on('error', (error) => {
      if ('level' in error && error.level === 'client-authentication') this.#break(refused('by sshd'));
      else this.#break(isPinned ? unavailable('sshd cannot be used', error) : wrongHost());
    });
    this.#client.on('handshake', () => this.#watchdog.begin('authenticating', deadlines.authMs));
    this.#socket.once('connect', () => this.#watchdog.begin('banner', deadlines.bannerMs));
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
      authHandler: nextTry as never,
    });
    this.#socket.once('data', () => this.#watchdog.begin('key exchange', deadlines.keyExchangeMs));
  }

  /** What to try after sshd has said what it would take; false for the end. */
  #nextTry(left: string[] | null, isPartial: boolean): AnyAuthMethod | false {
    const { username, password } = this.#options;
    if (left === null) return this.#try({ type: 'none', username });
    const unasked = this.#tried === 'keyboard-interactive' && this.#rounds === 0;
    if (this.#tried !== 'none' && !isPartial && !unasked) return false;
    if (left.includes('keyboard-interactive') && !unasked) {
      return this.#try({
        type: 'keyboard-interactive',
        username,
        prompt: (name, instruction, _language, prompts, finish) => {
          this.#answer(name, instruction, prompts).then(finish, (error: unknown) => this.#break(error));
        },
      });
    }
    if (!left.includes('password') || this.#passwordUsed) return false;
    this.#answered = true;
    this.#passwordUsed = true;
    return this.#try({ type: 'password', username, password });
  }

  #try(method: AnyAuthMethod): AnyAuthMethod {
    this.#tried = method.type;
    this.#watchdog.begin('authenticating', this.#options.deadlines.authMs);
    return method;
  }

  /** The password is known already; everything else somebody is asked. What sshd merely tells is kept here. */
  async #answer(name: string, instruction: string, asked: readonly SshPrompt[]): Promise<string[]> {
    this.#rounds += 1;
    if (this.#rounds > MOST_ROUNDS) throw unavailable('sshd asks without end');
    const prompts = asked.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true }));
    const [only, ...others] = prompts;
    let answers: Answers = [];
    if (only !== undefined && others.length === 0 && this.#isPassword(only)) {
      this.#passwordUsed = true;
      answers = [this.#options.password];
    } else if (only !== undefined) {
      this.#watchdog.rest();
      answers = await this.#options.ask(name, instruction, prompts);
    }
    if (prompts.length > 0) this.#answered = true;
    this.#watchdog.begin('authenticating', this.#options.deadlines.authMs);
    return [...answers];
  }

  #isPassword({ text, echo }: Prompt): boolean {
    return !this.#passwordUsed && !echo && PASSWORD.test(text);
  }

  /** Says goodbye if it can, and lets go. */
  [Symbol.dispose](): void {
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#watchdog[Symbol.dispose]();
    this.#client.end();
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), 1_000).unref();
  }
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', `${message}; tell the administrator of the server`, { cause });
}

function wrongHost(): AppError {
  return unavailable('sshd showed a host key that is not pinned; nothing was sent to it');
}
