/** One run of one verb: what was asked for everywhere, where to print, and the server when needed. */
import type { Command } from 'commander';
import type { Client, ConnectOptions } from '../client/connect/connect.ts';
import type { ReconnectingClient } from '../client/watch/reconnecting-client.ts';
import { FAILED } from '../exit-status.ts';
import type { Io } from '../terminal/io.ts';
import { Output } from '../terminal/output.ts';
import type { Globals } from './globals.ts';

/** What is being waited for where there is nothing more to say of it. */
export const ASKING = 'waiting for the server';

export class Run implements AsyncDisposable {
  readonly io: Io;
  readonly globals: Globals;
  readonly out: Output;
  /** The exit status of a failure that is the verb's own. */
  failure = FAILED;
  /** What is left to do when nobody reads our output any more. */
  farewell: (() => Promise<void>) | undefined;
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

  /** The server, connected at the first call; the gRPC library is loaded by nothing else. */
  client(): Promise<Client> {
    this.#client ??= this.out.whileWaiting('looking for the server', connectFor(this.globals, this.io));
    return this.#client;
  }

  /** Another connection, which is the caller's to close. */
  newClient(more: Partial<ConnectOptions>): Promise<Client> {
    return connectFor({ ...this.globals, ...more }, this.io);
  }

  /** One that finds its way back, which is the caller's to close. */
  async lastingClient(): Promise<ReconnectingClient> {
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

/** What a verb does; resolves with its exit status, or nothing for 0. */
export type Work<Options extends object> = (
  run: Run,
  options: Options,
  words: readonly string[],
) => Promise<number | undefined>;

/** Makes a verb's work an action of commander's. */
export type Act = <Options extends object>(
  work: Work<Options>,
) => (this: Command, ...given: unknown[]) => Promise<void>;
