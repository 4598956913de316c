/**
 * Chooses the link on which a token starts programs (F11): its own, or the link daemon of its Linux user, as
 * far as that has what a login of the user gets now (X10).
 */
import type { AccountChecks } from '../accounts/account-checks.ts';
import { differences, type LoginSettings, loginSettingsOf } from '../accounts/login-settings.ts';
import { canonicalUser } from '../accounts/user-database.ts';
import type { Authority } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { LinkConnection } from './connection/link-connection.ts';
import type { Link } from './link.ts';
import type { LinkInfo } from './link-info.ts';
import type { LinkRegistry } from './registry.ts';
import type { DaemonStarts } from './starters/daemon-starts.ts';

export interface LinkChoiceOptions {
  readonly accounts: Pick<AccountChecks, 'check'>;
  readonly authority: Pick<Authority, 'uidOf'>;
  readonly registry: Pick<LinkRegistry, 'accepting' | 'get'>;
  readonly daemonStarts: Pick<DaemonStarts, 'ensure' | 'refresh' | 'refusalOf'>;
  readonly settings: () => {
    readonly eligible: { readonly self: boolean };
    readonly manualLinks: boolean;
    readonly startMethod?: 'ssh' | undefined;
  };
}

const LOG_IN_AGAIN = 'log in again: latchkey login';

export class LinkChoice {
  readonly #options: LinkChoiceOptions;

  constructor(options: LinkChoiceOptions) {
    this.#options = options;
  }

  /**
   * Returns the link that serves a token: the token's own, or the link daemon of its Linux user, who had
   * `uid` when the token was issued. Throws LINK_LOST when it is gone or does not answer, LINK_REQUIRED when
   * the user has none.
   */
  forClaims(claims: TokenClaims, uid: number | undefined): LinkConnection {
    if (claims.socket !== undefined) return this.#ownLink(claims.socket, claims.jti);
    if (claims.user === undefined) {
      throw new AppError('LINK_REQUIRED', 'this login has no Linux user, so it cannot run programs');
    }
    const link = this.#options.registry.accepting(claims.user);
    if (link?.uid !== uid) throw this.#linkRequired(claims.user);
    if (link?.connection) return link.connection;
    throw new AppError('LINK_LOST', `the link daemon of ${claims.user} does not answer; try again`);
  }

  /**
   * Like `forClaims`, but starts a link daemon when there is none (F19). Also throws NOT_ELIGIBLE,
   * UNAVAILABLE.
   */
  async obtain(claims: TokenClaims): Promise<LinkConnection> {
    const { jti, socket, user: name } = claims;
    const uid = await this.#options.authority.uidOf(jti);
    if (socket === undefined && name !== undefined && uid !== undefined)
      await this.#options.daemonStarts.ensure({ name, uid });
    return this.forClaims(claims, uid);
  }

  /**
   * Looks at the account of `link`, which serves a token, and replaces a link daemon that was started with
   * something else than logins get now; `forClaims` then returns the new one. Where it cannot be replaced,
   * changes to the account keep it from being used, and those to the host's files do not. Throws
   * NOT_ELIGIBLE, LINK_REQUIRED, UNAVAILABLE.
   */
  async refresh({ socket }: TokenClaims, { linuxUser: name, uid }: LinkInfo): Promise<void> {
    const { accounts, daemonStarts, registry, settings } = this.#options;
    const now = await accounts.check({ name, uid });
    if (settings().eligible.self) return;
    if (socket === undefined) await daemonStarts.refresh({ name, uid }, now);
    const link = socket === undefined ? registry.accepting(name) : registry.get(socket);
    if (link !== undefined && changesSince(link, now).length > 0) await this.#checkAgain(link);
  }

  /**
   * Throws LINK_REQUIRED if the account has changed since the link was started, by a query of its own: what
   * was known before may be older than the link.
   */
  async #checkAgain(link: Link): Promise<void> {
    const { linuxUser, daemon } = link;
    const user = await canonicalUser(linuxUser);
    const changed = user === undefined ? ['entry'] : changesSince(link, await loginSettingsOf(user));
    if (changed.length === 0) return;
    const again = `log in to this host again, and run there: latchkey link${daemon ? ' --daemon' : ''}`;
    const next = daemon && !this.#options.settings().manualLinks ? LOG_IN_AGAIN : again;
    const message = `the ${changed.join(' and ')} of ${linuxUser} changed after this link was started; ${next}`;
    throw this.#loginRequired(linuxUser, message);
  }

  /** Returns the error after which a login of this Linux user starts a link daemon (F18). */
  #loginRequired(linuxUser: string, message: string): AppError {
    const { startMethod } = this.#options.settings();
    const details = { linuxUser, ...(startMethod !== undefined && { startMethod }) };
    return new AppError('LINK_REQUIRED', message, { details });
  }

  #linkRequired(linuxUser: string): AppError {
    const none = `${linuxUser} has no link daemon on this host`;
    const refusal = this.#options.daemonStarts.refusalOf(linuxUser);
    if (refusal?.why !== undefined) {
      const message = `${none} and may have none: ${refusal.why}; try again later, or ask the administrator`;
      return new AppError('LINK_REQUIRED', message, { details: { linuxUser } });
    }
    const isManual = this.#options.settings().manualLinks;
    const next = isManual ? 'run there, as that user: latchkey link --daemon' : LOG_IN_AGAIN;
    const why = refusal?.isLeftOut ? ', and the server may not start one for this account' : '';
    return this.#loginRequired(linuxUser, `${none}${why}; ${next}`);
  }

  #ownLink(socket: string, jti: string): LinkConnection {
    const link = this.#options.registry.get(socket);
    if (link?.connection && link.jti === jti && !link.isEnding) return link.connection;
    throw new AppError('LINK_LOST', 'the link of this login has exited; start another with: latchkey link');
  }
}

/** Returns what of the account has changed since the link was started; nothing when that is not known. */
function changesSince({ loginSettings: before }: Link, now: LoginSettings): string[] {
  return before === undefined ? [] : differences(before.account, now.account);
}
