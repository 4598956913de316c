/** Calls a server by the command line, with the types that --json promises. */
import type { Account } from '../account.ts';
import type { TestDaemon } from './daemon.ts';
import type { PROMISED, Printed } from './promised-json.ts';

export type Token = Printed<'token'>;
export type Link = Printed<'link'>;
export type Session = Printed<'session'>;
export type Receipt = Printed<'receipt'>;

/** Each method runs one command, which must succeed, with `options` added. */
export class Caller {
  readonly #daemon: TestDaemon;
  readonly #account: Account;

  constructor(daemon: TestDaemon, account: Account) {
    this.#daemon = daemon;
    this.#account = account;
  }

  whoami(...options: string[]): Promise<Printed<'latchkey whoami'>> {
    return this.#ask<'latchkey whoami'>('whoami', ...options);
  }

  /** The token that the caller uses. */
  async token(...options: string[]): Promise<Token> {
    return (await this.whoami(...options)).token;
  }

  async tokens(...options: string[]): Promise<readonly Token[]> {
    return (await this.#ask<'latchkey tokens'>('tokens', ...options)).tokens;
  }

  async links(...options: string[]): Promise<readonly Link[]> {
    return (await this.#ask<'latchkey links'>('links', ...options)).links;
  }

  async sessions(...options: string[]): Promise<readonly Session[]> {
    return (await this.#ask<'latchkey sessions'>('sessions', ...options)).sessions;
  }

  async session(id: string): Promise<Session> {
    const one = await this.#ask<'latchkey sessions show, latchkey start --detach'>('sessions', 'show', id);
    return one.session;
  }

  logout(...options: string[]): Promise<Receipt> {
    return this.#end('logout', ...options);
  }

  revoke(...options: string[]): Promise<Receipt> {
    return this.#end('tokens', 'revoke', ...options);
  }

  stopLink(socket: string, ...options: string[]): Promise<Receipt> {
    return this.#end('links', 'stop', socket, ...options);
  }

  endSession(id: string, ...options: string[]): Promise<Receipt> {
    return this.#end('sessions', 'end', id, ...options);
  }

  async #end(...argv: string[]): Promise<Receipt> {
    return (await this.#ask<'latchkey logout, tokens revoke, links stop, sessions end'>(...argv)).receipt;
  }

  async #ask<Document extends keyof typeof PROMISED>(...argv: string[]): Promise<Printed<Document>> {
    return (await this.#daemon.json(this.#account, argv)) as Printed<Document>;
  }
}
