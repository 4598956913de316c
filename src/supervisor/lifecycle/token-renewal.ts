/** Renews a link daemon's token while it is needed: its user is logged in, or a session runs on it. */
import { Poller } from '../../async/poller.ts';
import type { Authority } from '../../authority/authority.ts';
import type { Log } from '../../log/log.ts';
import type { Store } from '../../store/open.ts';
import type { Link } from '../link.ts';
import type { LinkRegistry } from '../registry.ts';
import { runningOfUid } from './running-sessions.ts';

const POLL_MS = 1_000;
/** Renewal begins in the last quarter of a token's lifetime. */
const LIFETIME_PARTS = 4;
/** Attempts in that quarter. */
const ATTEMPTS = 8;

export interface TokenRenewalOptions {
  readonly registry: LinkRegistry;
  readonly store: Store;
  readonly authority: Pick<Authority, 'get' | 'isActive' | 'liveTokensOf' | 'proofFor' | 'renew'>;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

export class TokenRenewal implements Disposable {
  readonly #options: TokenRenewalOptions;
  readonly #poller: Poller;
  /** Time of the next check of a link, in milliseconds since 1970, by socket. */
  readonly #next = new Map<string, number>();

  constructor(options: TokenRenewalOptions) {
    this.#options = options;
    this.#poller = new Poller(() => this.#poll(), POLL_MS);
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
  }

  async #poll(): Promise<void> {
    const { registry, now, log } = this.#options;
    const links = [...registry.all()].filter((link) => link.daemon);
    const sockets = new Set(links.map(({ socket }) => socket));
    for (const socket of this.#next.keys()) if (!sockets.has(socket)) this.#next.delete(socket);
    for (const link of links) {
      if (now() < (this.#next.get(link.socket) ?? 0)) continue;
      await this.#consider(link).catch((error: unknown) => {
        log.warn({ err: error, socket: link.socket }, "cannot renew a link daemon's token");
      });
    }
  }

  /** Renews the token when it is due and needed; sets the time of the next check. */
  async #consider(link: Link): Promise<void> {
    const { authority, now } = this.#options;
    const claims = await authority.get(link.jti);
    if (!claims || !link.connection) return;
    const endMs = claims.exp * 1000;
    const lifeMs = (claims.exp - claims.iat) * 1000;
    const beginMs = endMs - lifeMs / LIFETIME_PARTS;
    if (now() < beginMs) return void this.#next.set(link.socket, beginMs);
    this.#next.set(link.socket, now() + lifeMs / LIFETIME_PARTS / ATTEMPTS);
    if (await this.#isNeeded(link)) await this.#renew(link);
  }

  async #isNeeded(link: Link): Promise<boolean> {
    const running = await runningOfUid(this.#options.store, link.uid);
    if (running.some(({ socket }) => !link.isRetiring || socket === link.socket)) return true;
    if (link.isRetiring) return false;
    const logins = new Set([link.linuxUser, ...running.map(({ login }) => login)]);
    const tokens = await Promise.all([...logins].map((login) => this.#options.authority.liveTokensOf(login)));
    return tokens
      .flat()
      .some(({ authMethod, user }) => authMethod !== 'link-daemon' && user === link.linuxUser);
  }

  async #renew(link: Link): Promise<void> {
    const { authority } = this.#options;
    const { token } = await authority.renew(link.jti);
    await link.connection?.renew(token, authority.proofFor(link.uid, link.nonce));
  }
}
