/**
 * A client that reconnects, with a newer token of the same login or to a newer address of the same server.
 */
import { AppError, isAppError, type Reason } from '../../errors.ts';
import { Role } from '../../generated/latchkey/v1/auth.ts';
import { enumWord } from '../../values/enum-word.ts';
import { type Client, type ConnectOptions, connect } from '../connect/connect.ts';

/** The caller as the server saw it when the client connected. */
export interface CallerIdentity {
  readonly login: string;
  /** Id of its token. */
  readonly jti: string;
  /** "admin", "manager" or "user". */
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

  /** Throws the errors of `connect`, and the server's error when the caller is not logged in. */
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
   * Connects again after `error`. Returns true when a retry is then worthwhile: the same login has another
   * token, or the server another address. A restarted server, for example, has issued a new token to its
   * administrator.
   */
  async reconnect(error: unknown): Promise<boolean> {
    if (!isAppError(error)) return false;
    const hasEnded = hasLoginEnded(error);
    if (!hasEnded && error.reason !== 'UNREACHABLE') return false;
    const fresh = await connect(this.#options).catch(() => undefined);
    if (fresh === undefined) return false;
    // The same login at another server has other sessions and tokens.
    const isSameServer = fresh.issuer === this.#client.issuer;
    const isChanged = hasEnded || fresh.address !== this.#client.address;
    const who = isSameServer && isChanged ? await whoIs(fresh).catch(() => undefined) : undefined;
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
  const { login, jti } = token;
  return { login, jti, role: enumWord(Role, role) ?? 'user', server: client.address };
}
