/**
 * Calls a server over one connection that stays open, and answers what --json of the command line prints: for
 * stories that are about the server, since each start of the program costs as much as hundreds of calls.
 */
import { RECEIPT } from '../../../src/cli/output/receipt-view.ts';
import type { Client } from '../../../src/client/connect/connect.ts';
import { sessionsById, sessionsOfLogin } from '../../../src/client/session-selection.ts';
import { tokensById, tokensOfLogin } from '../../../src/client/token-selection.ts';
import type {
  Receipt as ReceiptMessage,
  Token as TokenMessage,
} from '../../../src/generated/latchkey/v1/token.ts';
import { links } from '../../../src/nouns/links.ts';
import { tokens } from '../../../src/nouns/tokens.ts';
import { asJson } from '../../../src/terminal/json.ts';
import { durationOf } from '../../../src/values/duration.ts';
import type { Link, Receipt, Token } from '../server/caller.ts';
import type { TestDaemon } from '../server/daemon.ts';
import { clientOf } from './without-command-line.ts';

const PAGE = { pageSize: 1000, pageToken: '' };

/** All that somebody has, or what has these ids. */
type Selected = { readonly login: string } | { readonly ids: readonly string[] };

export class OpenCaller implements AsyncDisposable {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Connects and makes a first call as the holder of `token`, by default as the administrator. */
  static async open(daemon: TestDaemon, token?: string): Promise<OpenCaller> {
    const caller = new OpenCaller(await clientOf(daemon, token));
    await caller.token();
    return caller;
  }

  /** The token that the caller uses. */
  async token(): Promise<Token> {
    return tokenJson((await this.#client.auth.whoAmI({})).token);
  }

  async tokens(): Promise<Token[]> {
    return (await tokens.list(this.#client, {}, PAGE)).items.map(tokenJson);
  }

  async links(linuxUser?: string): Promise<Link[]> {
    const { items } = await links.list(this.#client, { linuxUser }, PAGE);
    return items.map((link) => asJson(links.members, link) as Link);
  }

  async revoke(selected: Selected, options: { endSessions?: boolean } = {}): Promise<Receipt> {
    const selection = 'login' in selected ? tokensOfLogin(selected.login) : tokensById(selected.ids);
    return receiptJson(await this.#client.tokens.revokeTokens({ selection, ...options }));
  }

  async stopLink(socket: string): Promise<Receipt> {
    return receiptJson(await this.#client.links.stopLink({ socket }));
  }

  async endSessions(selected: Selected, graceMs: number): Promise<Receipt> {
    const selection = 'login' in selected ? sessionsOfLogin(selected.login) : sessionsById(selected.ids);
    const request = { selection, grace: durationOf(graceMs) };
    return receiptJson(await this.#client.sessions.endSession(request));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close();
  }
}

function tokenJson(token: TokenMessage | undefined): Token {
  if (token === undefined) throw new Error('the answer has no token');
  return asJson(tokens.members, token) as Token;
}

function receiptJson({ receipt }: { receipt?: ReceiptMessage | undefined }): Receipt {
  if (receipt === undefined) throw new Error('the answer has no receipt');
  return asJson(RECEIPT, receipt) as Receipt;
}
