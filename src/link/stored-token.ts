/**
 * The link's token as the command line's (F24): in the client's folder for this server together
 * with its CA, or on standard output alone. A link daemon keeps its token to itself.
 */

import type { LocalServer } from '../client/local-server.ts';
import { removeToken, serverFolder, writeCa, writeToken } from '../client/server-folder.ts';
import type { Account } from './account.ts';
import type { LinkToken } from './identity.ts';
import type { LinkWords } from './options.ts';

export class StoredToken implements Disposable {
  readonly #words: LinkWords;
  readonly #folder: string;
  readonly #ca: string;
  #token: string | undefined;

  constructor(words: LinkWords, account: Account, server: LocalServer) {
    this.#words = words;
    this.#folder = serverFolder(process.env, account.home, server.address);
    this.#ca = server.ca;
  }

  /** Stores or prints a token; a later one of the same link replaces it. */
  keep({ token }: LinkToken): void {
    const isFirst = this.#token === undefined;
    this.#token = token;
    if (this.#words.daemon) return;
    if (!this.#words.printToken) {
      writeCa(this.#folder, this.#ca);
      writeToken(this.#folder, token);
    } else if (isFirst) process.stdout.write(`${token}\n`);
  }

  /** Takes the token away again: it has ended with the link. */
  [Symbol.dispose](): void {
    if (this.#words.daemon || this.#words.printToken || this.#token === undefined) return;
    try {
      removeToken(this.#folder, this.#token);
    } catch {
      // what lies there now is not ours
    }
  }
}
