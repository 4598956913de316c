/**
 * A client that reconnects, with a newer token or to a newer address when there is one for the same
 * person.
 */
import { AppError, isAppError, type Reason } from '../../errors.ts';
import { type Client, type ConnectOptions, connect } from '../connect/connect.ts';

/** The caller as the server sees it. */
export interface CallerIdentity {
  readonly login: string;
  readonly role: string;
  /** host:port */
  readonly server: string;
}

const LOGIN_ENDED: ReadonlySet<Reason> = new Set<Reason>([
  'TOKEN_NOT_ACTIVE',
  'TOKEN_EXPIRED',
  'TOKEN_INVALID',
]);

/** Returns true when `error` says that the caller's token is no longer valid. */
export function hasLoginEnded(error: unknown): boolean {
  return isAppError(error) && LOGIN_ENDED.has(error.reason);
}

export class ReconnectingClient implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly who: CallerIdentity;
  #client: Client;

  private constructor(options: ConnectOptions, client: Client, who: CallerIdentity) {
    this.#options = options;
    this.#client = client;
    this.who = who;
  }

  /** Throws what `connect` throws, and the server's error when nobody is logged in. */
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
   * Returns true when a retry after `error` is worthwhile, because the same person has another token now,
   * or the server another address. A restarted server issues a new token to its administrator, and people
   * log in again elsewhere.
   */
  async reconnect(error: unknown): Promise<boolean> {
    if (!isAppError(error)) return false;
    const isOver = hasLoginEnded(error);
    if (!isOver && error.reason !== 'UNREACHABLE') return false;
    const fresh = await connect(this.#options).catch(() => undefined);
    if (fresh === undefined) return false;
    // The same name at another server is another person, with other sessions and tokens.
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

async function whoIs(client: Client): Promise<CallerIdentity> {
  const { token, role } = await client.auth.whoAmI({});
  if (token === undefined) throw new AppError('INTERNAL', 'the server did not say who you are');
  return { login: token.login, role, server: client.address };
}
