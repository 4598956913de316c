/** The server, as whom one talks to it, and the way back when that login is over but another is there. */
import { type Client, type ConnectOptions, connect } from '../../src/client/connect.ts';
import { AppError, isAppError, type Reason } from '../../src/errors.ts';
import type { Who } from '../state/state.ts';

const LOGIN_OVER: ReadonlySet<Reason> = new Set<Reason>([
  'TOKEN_NOT_ACTIVE',
  'TOKEN_EXPIRED',
  'TOKEN_INVALID',
]);

export class Server implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly who: Who;
  #client: Client;

  private constructor(options: ConnectOptions, client: Client, who: Who) {
    this.#options = options;
    this.#client = client;
    this.who = who;
  }

  /** Throws what `connect` throws, and what the server says to who is not logged in. */
  static async connect(options: ConnectOptions): Promise<Server> {
    const client = await connect(options);
    return new Server(options, client, await whoIs(client));
  }

  get client(): Client {
    return this.#client;
  }

  /**
   * Whether it is worth trying again after `error`, since the same person has another token now: a server that
   * starts again has a new one for its administrator, and people log in again elsewhere.
   */
  async hasNewLogin(error: unknown): Promise<boolean> {
    if (!isAppError(error) || !LOGIN_OVER.has(error.reason)) return false;
    const fresh = await connect(this.#options).catch(() => undefined);
    const who = fresh && (await whoIs(fresh).catch(() => undefined));
    if (fresh === undefined || who?.login !== this.who.login || who.role !== this.who.role) {
      await fresh?.close();
      return false;
    }
    const old = this.#client;
    this.#client = fresh;
    await old.close();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

async function whoIs(client: Client): Promise<Who> {
  const { token, role } = await client.auth.whoAmI({});
  if (token === undefined) throw new AppError('INTERNAL', 'the server did not say who you are');
  return { login: token.login, role, server: client.address };
}
