/**
 * Runs one command line over an SSH connection and reads what the account prints. The account's shell, the
 * files it reads and a forced command may print anything, in any amount, before, after or instead of it.
 */
import type { Client, ClientChannel } from 'ssh2';

/** The end of a command line. */
export interface Executed {
  /** True when `wanted` was printed. */
  readonly isShown: boolean;
  /** Exit status, or name of the signal; undefined when sshd has run nothing, or did not say. */
  readonly status: number | string | undefined;
  /** The end of each output, at most 4 KiB. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Text that is looked for anywhere in standard output. */
  readonly wanted: string;
  /** Time that the command has to end once `wanted` was printed, in milliseconds; by default all its time. */
  readonly lingerMs?: number;
  /** Called when sshd has begun to run the command. */
  readonly onBegun: () => void;
}

const MAX_KEPT = 4_096;
/** Decryption is the server's work, and nothing that an account prints at start is longer. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export function runProgram(client: Client, command: string, options: RunOptions): Promise<Executed> {
  const { promise, resolve } = Promise.withResolvers<Executed>();
  client.exec(command, (error, channel) => {
    if (error) return resolve({ isShown: false, status: undefined, stdout: '', stderr: error.message });
    options.onBegun();
    new Reader(channel, options, resolve);
  });
  return promise;
}

class Reader {
  readonly #channel: ClientChannel;
  readonly #options: RunOptions;
  readonly #resolve: (executed: Executed) => void;
  #isShown = false;
  #lingering: NodeJS.Timeout | undefined;
  #status: number | string | undefined;
  #bytes = 0;
  /** One character for each byte, wherever chunks end; so is `#stderr`. */
  #stdout = '';
  #stderr = '';

  constructor(channel: ClientChannel, options: RunOptions, resolve: (executed: Executed) => void) {
    this.#channel = channel;
    this.#options = options;
    this.#resolve = resolve;
    channel.on('data', (data: Buffer) => this.#readOutput(data));
    channel.stderr.on('data', (data: Buffer) => {
      this.#stderr = ending(this.#stderr + data.toString('latin1'));
      this.#count(data);
    });
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#status = code ?? (signal?.includes('@') ? 'an unusual signal' : signal); // RFC 4254, 6.10
    });
    channel.on('close', () => this.#end());
    channel.end();
  }

  #readOutput(data: Buffer): void {
    const text = this.#stdout + data.toString('latin1');
    this.#stdout = ending(text);
    this.#count(data);
    if (this.#isShown || !text.includes(this.#options.wanted)) return;
    this.#isShown = true;
    const { lingerMs } = this.#options;
    if (lingerMs !== undefined) this.#lingering = setTimeout(() => this.#end(), lingerMs);
  }

  #count({ length }: Buffer): void {
    this.#bytes += length;
    if (this.#bytes <= MAX_OUTPUT_BYTES) return;
    this.#stderr = `it printed more than ${MAX_OUTPUT_BYTES / 1024 / 1024} MiB`;
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#lingering);
    this.#channel.removeAllListeners('data').resume();
    this.#channel.stderr.removeAllListeners('data').resume();
    const outputs = { stdout: utf8(this.#stdout), stderr: utf8(this.#stderr) };
    this.#resolve({ isShown: this.#isShown, status: this.#status, ...outputs });
    this.#channel.close();
  }
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

function ending(text: string): string {
  return text.length > MAX_KEPT ? text.slice(-MAX_KEPT) : text;
}
