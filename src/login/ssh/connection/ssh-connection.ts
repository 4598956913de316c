/**
 * One connection to the local sshd for one account. No secret is sent before the host key has been found
 * to be pinned. sshd has a deadline for each step; for its verdict, and for a session of the account, it has
 * as long as it takes, since a PAM module may wait for a person. How a connection ends is judged by how far
 * it had come.
 */
import { createConnection, type Socket } from 'node:net';
import type { AnyAuthMethod, Client } from 'ssh2';
import { codeOf } from '../../../errno.ts';
import { AppError } from '../../../errors.ts';
import { inert } from '../../../inert.ts';
import { errorOf } from '../../outcome.ts';
import { Dropped, Ended, refused } from '../ended.ts';
import { algorithmsOf, type HostKey } from '../host-keys.ts';
import { Authentication, type Credentials } from './authentication.ts';
import { type Executed, type RunOptions, runProgram } from './program-run.ts';
import { StepDeadline } from './step-deadline.ts';
import { onTextWithoutPrompt } from './texts-without-prompt.ts';

export interface SshDeadlines {
  readonly connectMs: number;
  readonly bannerMs: number;
  readonly keyExchangeMs: number;
  /** For the methods that sshd accepts. */
  readonly authMs: number;
  /** For sshd's verdict on an answer, and until it runs a command: longer than its LoginGraceTime. */
  readonly verdictMs: number;
  /** For a command that runs. */
  readonly execMs: number;
}

export const SSH_DEADLINES: SshDeadlines = {
  connectMs: 3_000,
  bannerMs: 5_000,
  keyExchangeMs: 5_000,
  authMs: 15_000,
  verdictMs: 300_000,
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

export interface SshOptions extends SshServer, Credentials {}

/** RFC 4253, 4.2: other lines may come before it. */
const IDENTIFICATION = /^SSH-/m;

/** The message of ssh2 1.17.0 for a packet of more than 35,000 bytes (RFC 4253, 6.1). */
const TOO_LONG = 'Bad packet length';

type Phase = 'connecting' | 'banner' | 'key exchange' | 'authenticating' | 'authenticated';

export class SshConnection implements Disposable {
  readonly #options: SshOptions;
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #deadline: StepDeadline;
  readonly #authentication: Authentication;
  readonly #failed = Promise.withResolvers<never>();
  #phase: Phase = 'connecting';
  /** Lines that sshd has sent before its identification. */
  #greeting = '';
  #isPinned = true;

  private constructor(options: SshOptions, client: Client) {
    const { host, port, localAddress, deadlines } = options;
    this.#options = options;
    this.#client = client;
    this.#failed.promise.catch(() => {});
    this.#deadline = new StepDeadline((step) =>
      this.#fail(unavailable(`sshd did not answer in time (${step})`)),
    );
    this.#authentication = new Authentication(options, () => {
      const limitMs = this.#authentication.isAnswered ? deadlines.verdictMs : deadlines.authMs;
      this.#deadline.begin('authenticating', limitMs);
    });
    this.#deadline.begin('connecting', deadlines.connectMs);
    this.#socket = createConnection({ host, port, noDelay: true, ...(localAddress && { localAddress }) });
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Connects and logs in. Throws Ended, and UNAVAILABLE when sshd hangs or presents an unknown host key. */
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

  /** Connects and verifies only the host key, without naming an account. Throws UNAVAILABLE. */
  static async verifyHostKey(server: SshServer): Promise<void> {
    const { default: ssh2 } = await import('ssh2');
    const person = { ask: async () => [], tell: () => {} };
    using connection = new SshConnection(
      { ...server, username: '', password: '', person },
      new ssh2.Client(),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.#client.on('handshake', () => resolve());
    connection.#connect(() => false);
    await Promise.race([promise, connection.#failed.promise]).catch((error: unknown) => {
      throw error instanceof Ended && error.outcome.kind !== 'proven' ? errorOf(error.outcome) : error;
    });
  }

  /** Runs a command line in the account's shell. Throws Ended, and UNAVAILABLE when it does not end. */
  async execute(command: string, output: Omit<RunOptions, 'onBegun'>): Promise<Executed> {
    const { verdictMs, execMs } = this.#options.deadlines;
    this.#deadline.begin('opening a session', verdictMs);
    const onBegun = (): void => this.#deadline.begin('running a command', execMs);
    try {
      return await Promise.race([
        runProgram(this.#client, command, { ...output, onBegun }),
        this.#failed.promise,
      ]);
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
    this.#connect((accepted, isPartial) => this.#nextMethod(accepted, isPartial));
    onTextWithoutPrompt(this.#client, (text) => this.#authentication.hear(text));
    await promise;
    this.#phase = 'authenticated';
    this.#deadline.pause();
    if (!this.#authentication.isAnswered) throw refused('sshd let the account in without asking anything');
    this.#authentication.showTexts();
  }

  /**
   * Starts the connection. `nextMethod` is called for each authentication attempt, after the host key was
   * verified.
   */
  #connect(nextMethod: (accepted: string[] | null, isPartial: boolean) => AnyAuthMethod | false): void {
    const { username, hostKeys, deadlines } = this.#options;
    const begin = (phase: Phase, limitMs: number): void => {
      this.#phase = phase;
      this.#deadline.begin(phase, limitMs);
    };
    this.#client.on('close', () => this.#fail(this.#endOf()));
    this.#client.on('error', (error) => this.#fail(this.#endOf(error)));
    this.#client.on('banner', (text) => this.#authentication.hearBanner(text));
    this.#client.on('change password', () => this.#fail(new Ended({ kind: 'expired' })));
    this.#client.on('handshake', () => begin('authenticating', deadlines.authMs));
    this.#socket.once('connect', () => begin('banner', deadlines.bannerMs));
    this.#client.connect({
      sock: this.#socket,
      username,
      readyTimeout: 0,
      keepaliveInterval: 0,
      algorithms: { serverHostKey: algorithmsOf(hostKeys) as never },
      hostVerifier: (key: Buffer) => {
        this.#isPinned = hostKeys.some(({ blob }) => blob.equals(key));
        return this.#isPinned;
      },
      authHandler: nextMethod as never,
    });
    this.#socket.on('data', (data: Buffer) => {
      if (this.#phase !== 'banner') return;
      this.#greeting += data.toString('latin1');
      if (IDENTIFICATION.test(this.#greeting)) begin('key exchange', deadlines.keyExchangeMs);
    });
  }

  #nextMethod(accepted: string[] | null, isPartial: boolean): AnyAuthMethod | false {
    try {
      const method = this.#authentication.next(accepted, isPartial);
      if (method.type !== 'keyboard-interactive') return method;
      return {
        ...method,
        prompt: (name, instruction, _language, prompts, finish) => {
          this.#deadline.pause();
          const answered = this.#authentication.answer(name, instruction, prompts);
          answered.then((answers) => finish([...answers])).catch((error: unknown) => this.#fail(error));
        },
      };
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Returns what it means that the connection has ended now, with `error` if there was one. */
  #endOf(error?: Error): unknown {
    const why = error === undefined ? 'sshd closed the connection' : inert(error.message);
    if (!this.#isPinned)
      return unavailable('sshd presented a host key that is not pinned; nothing was sent to it');
    switch (this.#phase) {
      case 'connecting': {
        const failure = unavailable('cannot use sshd', error);
        if (codeOf(error) === 'ECONNRESET') return Dropped.busy(why);
        return codeOf(error) === 'ECONNREFUSED' ? Dropped.lost(failure) : failure;
      }
      case 'banner':
        return Dropped.busy(`${why} ${inert(this.#greeting.trim().slice(0, 200))}`.trim());
      case 'key exchange':
        if (error !== undefined && 'level' in error && error.level === 'handshake')
          return unavailable('cannot use sshd', error);
        return Dropped.lost(unavailable('sshd closed the connection during the key exchange', error));
      case 'authenticating':
        if (why === TOO_LONG) return unavailable('sshd sends a text of more than 32 KiB, such as its Banner');
        if (this.#authentication.hasAsked) return this.#authentication.failed(why);
        return Dropped.lost(unavailable('sshd closed the connection before it asked anything', error));
      case 'authenticated': {
        const { username: account } = this.#options;
        return new Ended({ kind: 'unusable', account, status: undefined, text: why });
      }
    }
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
