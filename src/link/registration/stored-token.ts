/**
 * The link's token as the command line's (F24): in the client's folder for this server together
 * with its CA, or on standard output alone. A link daemon keeps its token to itself.
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
  readonly #words: LinkOptions;
  readonly #folder: string;
  readonly #ca: string;
  readonly #isThere: (socket: string) => boolean;
  #token: string | undefined;
  /** The login that was there before and may go on. */
  #before: string | undefined;

  /** `isThere`: whether a link has this socket. */
  constructor(
    words: LinkOptions,
    account: Account,
    server: LocalServer,
    isThere: (socket: string) => boolean,
  ) {
    this.#words = words;
    this.#folder = serverFolder(process.env, account.home, server.address);
    this.#ca = server.ca;
    this.#isThere = isThere;
  }

  /** Whether another login had to make room. */
  get hasReplaced(): boolean {
    return this.#before !== undefined;
  }

  /** Stores or prints a token; a later one of the same link replaces it, but not what somebody has stored since. */
  keep({ token }: LinkToken): void {
    const earlier = this.#token;
    this.#token = token;
    if (this.#words.daemon) return;
    if (this.#words.printToken) {
      if (earlier === undefined) process.stdout.write(`${token}\n`);
      return;
    }
    const stored = this.#stored();
    if (earlier !== undefined && stored !== earlier) return;
    if (earlier === undefined && stored !== undefined && this.#mayGoOn(stored)) this.#before = stored;
    writeCa(this.#folder, this.#ca);
    writeToken(this.#folder, token);
  }

  /** Takes the token away again, which has ended with the link; the one before is the command line's again. */
  [Symbol.dispose](): void {
    if (this.#words.daemon || this.#words.printToken || this.#token === undefined) return;
    if (this.#stored() !== this.#token) return; // what lies there now is not ours
    if (this.#before !== undefined && this.#mayGoOn(this.#before)) writeToken(this.#folder, this.#before);
    else removeToken(this.#folder, this.#token);
  }

  #stored(): string | undefined {
    try {
      return readToken(this.#folder);
    } catch {
      return undefined; // no file that anybody would use
    }
  }

  /** As far as one can see from here. */
  #mayGoOn(token: string): boolean {
    try {
      const { exp, [`${CLAIM_PREFIX}socket`]: socket } = parseJws(token).payload;
      if (typeof exp !== 'number' || exp * 1000 <= Date.now()) return false;
      return typeof socket !== 'string' || this.#isThere(socket);
    } catch {
      return false;
    }
  }
}
