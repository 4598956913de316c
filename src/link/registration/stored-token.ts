/**
 * Hands the link's token to the command line (F24): stores it with the server's CA in the client's folder
 * for this server, or prints it to standard output. A link daemon does neither.
 */

import {
  readToken,
  removeToken,
  serverFolder,
  writeCa,
  writeToken,
} from '../../client/find/server-folder.ts';
import type { LocalServer } from '../../system/local-server.ts';
import { CLAIM_PREFIX } from '../../token/claims.ts';
import { parseJws } from '../../token/jws.ts';
import type { Account } from '../account/account.ts';
import type { LinkToken } from '../identity.ts';
import type { LinkOptions } from '../options.ts';

export class StoredToken implements Disposable {
  readonly #options: LinkOptions;
  readonly #folder: string;
  readonly #ca: string;
  readonly #hasLink: (socket: string) => boolean;
  #token: string | undefined;
  /** The token that was stored before, when it may still be valid. */
  #replaced: string | undefined;

  /** `hasLink` returns true when a link has this socket. */
  constructor(
    options: LinkOptions,
    account: Account,
    server: LocalServer,
    hasLink: (socket: string) => boolean,
  ) {
    this.#options = options;
    this.#folder = serverFolder(process.env, account.home, server.address);
    this.#ca = server.ca;
    this.#hasLink = hasLink;
  }

  /** True when the token of another login was replaced. */
  get hasReplaced(): boolean {
    return this.#replaced !== undefined;
  }

  /**
   * Stores or prints a token. A renewed token replaces this link's own, but not one that another command has
   * stored since.
   */
  keep({ token }: LinkToken): void {
    const earlier = this.#token;
    this.#token = token;
    if (this.#options.daemon) return;
    if (this.#options.printToken) {
      if (earlier === undefined) process.stdout.write(`${token}\n`);
      return;
    }
    const stored = this.#stored();
    if (earlier !== undefined && stored !== earlier) return;
    if (earlier === undefined && stored !== undefined && this.#mayBeValid(stored)) this.#replaced = stored;
    writeCa(this.#folder, this.#ca);
    writeToken(this.#folder, token);
  }

  /** Removes the token, which ends with the link, and stores the previous one again. */
  [Symbol.dispose](): void {
    if (this.#options.daemon || this.#options.printToken || this.#token === undefined) return;
    if (this.#stored() !== this.#token) return; // another command has stored a token since
    if (this.#replaced !== undefined && this.#mayBeValid(this.#replaced))
      writeToken(this.#folder, this.#replaced);
    else removeToken(this.#folder, this.#token);
  }

  #stored(): string | undefined {
    try {
      return readToken(this.#folder);
    } catch {
      return undefined; // missing or unreadable
    }
  }

  /** Returns false when its expiry or its link's socket shows that it is no longer valid. */
  #mayBeValid(token: string): boolean {
    try {
      const { exp, [`${CLAIM_PREFIX}socket`]: socket } = parseJws(token).payload;
      if (typeof exp !== 'number' || exp * 1000 <= Date.now()) return false;
      return typeof socket !== 'string' || this.#hasLink(socket);
    } catch {
      return false;
    }
  }
}
