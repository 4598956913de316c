/** The server, as whom one talks to it, and the way back when that login is over, or its address, but another is there. */
import { AppError, isAppError, type Reason } from '../../errors.ts';
import { type Client, type ConnectOptions, connect } from '../connect/connect.ts';

/** Whom the server takes the caller for. */
export interface Who {
  readonly login: string;
  readonly role: string;
  /** host:port */
  readonly server: string;
}

const LOGIN_OVER: ReadonlySet<Reason> = new Set<Reason>([
  'TOKEN_NOT_ACTIVE',
  'TOKEN_EXPIRED',
  'TOKEN_INVALID',
]);

/** Whether `error` says that the server no longer takes the caller for anybody. */
export function isLoginOver(error: unknown): boolean {
  return isAppError(error) && LOGIN_OVER.has(error.reason);
}

export class ReconnectingClient implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly who: Who;
  #client: Client;

  private constructor(options: ConnectOptions, client: Client, who: Who) {
    this.#options = options;
    this.#client = client;
    this.who = who;
  }

  /** Throws what `connect` throws, and what the server says to who is not logged in. */
  static async connect(options: ConnectOptions): Promise<ReconnectingClient> {
    const client = await connect(options);
    try {
      return new ReconnectingClient(options, client, await whoIs(client));
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  get client(): Client {
    return this.#client;
  }

  /**
   * Whether it is worth trying again after `error`, since the same person has another token now, or the server another
   * address: a server that starts again has a new one for its administrator, and people log in again elsewhere.
   */
  async hasAnother(error: unknown): Promise<boolean> {
    if (!isAppError(error)) return false;
    const isOver = isLoginOver(error);
    if (!isOver && error.reason !== 'UNREACHABLE') return false;
    const fresh = await connect(this.#options).catch(() => undefined);
    if (fresh === undefined) return false;
    // The same name at another server is another person, and what is watched or marked is not there.
    const isSame = fresh.issuer === this.#client.issuer;
    const isOther = isOver || fresh.address !== this.#client.address;
    const who = isSame && isOther ? await whoIs(fresh).catch(() => undefined) : undefined;
    if (who?.login !== this.who.login || who.role !== this.who.role) {
      await fresh.close();
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
