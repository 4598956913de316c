/** One run of a command: the global options, the output, and the server when it is needed. */
import type { Command } from 'commander';
import type { Client, ConnectOptions } from '../client/connect/connect.ts';
import type { ReconnectingClient } from '../client/watch/reconnecting-client.ts';
import { FAILED } from '../exit-status.ts';
import type { Io } from '../terminal/io.ts';
import { Output } from '../terminal/output.ts';
import type { Globals } from './globals.ts';

/** Progress text when there is no more specific one. */
export const WAITING = 'waiting for the server';

export class Run implements AsyncDisposable {
  readonly io: Io;
  readonly globals: Globals;
  readonly out: Output;
  /** Exit status for the command's failures. */
  failure = FAILED;
  /** Called when standard output breaks. */
  onBrokenOutput: (() => Promise<void>) | undefined;
  #client: Promise<Client> | undefined;

  constructor(io: Io, globals: Globals) {
    this.io = io;
    this.globals = globals;
    this.out = new Output(io, {
      json: globals.json === true,
      color: globals.color !== false,
      quiet: globals.quiet === true,
    });
  }

  /** The client, created by the first call. Only this loads the gRPC library. */
  client(): Promise<Client> {
    this.#client ??= this.out.whileWaiting('looking for the server', this.newClient({}));
    return this.#client;
  }

  /** Uses another token from now on, for the server of this run. */
  async useToken(token: string): Promise<void> {
    const before = await this.#client;
    this.#client = this.newClient({ token });
    await Promise.all([before?.close(), this.#client]);
  }

  /** Creates another client, which the caller must close. */
  newClient(more: Partial<ConnectOptions>): Promise<Client> {
    const patience = { onSlow: (line: string) => this.out.note(`latchkey: ${line}`) };
    return connectFor({ ...this.globals, patience, ...more }, this.io);
  }

  /** Creates a client that reconnects, which the caller must close. */
  async reconnectingClient(): Promise<ReconnectingClient> {
    const { ReconnectingClient } = await import('../client/watch/reconnecting-client.ts');
    return ReconnectingClient.connect({ ...this.globals, env: this.io.env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }
}

async function connectFor(globals: Globals & Partial<ConnectOptions>, io: Io): Promise<Client> {
  const { connect } = await import('../client/connect/connect.ts');
  return connect({ ...globals, env: io.env });
}

/** The work of a command; resolves with its exit status, or undefined for 0. */
export type Work<Options extends object> = (
  run: Run,
  options: Options,
  words: readonly string[],
) => Promise<number | undefined>;

/** Makes an action for commander of a command's work. */
export type Act = <Options extends object>(
  work: Work<Options>,
) => (this: Command, ...given: unknown[]) => Promise<void>;
