/** Queries and ends everything that the current daemon stores. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sessionsById } from '../../../src/client/session-selection.ts';
import { tokensById } from '../../../src/client/token-selection.ts';
import { type Link, ListLinksRequest, ListLinksResponse } from '../../../src/generated/latchkey/v1/link.ts';
import {
  EndSessionRequest,
  EndSessionResponse,
  GetSessionRequest,
  GetSessionResponse,
  ListSessionsRequest,
  ListSessionsResponse,
  type Session,
  type SessionState,
} from '../../../src/generated/latchkey/v1/session.ts';
import {
  ListTokensRequest,
  ListTokensResponse,
  type Receipt,
  RevokeTokensRequest,
  type Token,
} from '../../../src/generated/latchkey/v1/token.ts';
import { durationOf } from '../../../src/values/duration.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { Rpc } from '../../support/server/rpc.ts';

const PAGE = 1000;

export class Administrator implements Disposable {
  /** The connection, for other callers. */
  readonly rpc: Rpc;
  readonly #token: string;

  constructor(daemon: TestDaemon) {
    this.rpc = new Rpc(daemon.serverFile);
    this.#token = readFileSync(join(daemon.runFolder, 'token'), 'utf8').trim();
  }

  tokens(): Promise<Token[]> {
    return pages(async (pageToken) => {
      const request = ListTokensRequest.fromPartial({ pageSize: PAGE, pageToken });
      const bytes = ListTokensRequest.encode(request).finish();
      const page = ListTokensResponse.decode(await this.#call('TokenService/ListTokens', bytes));
      return { ...page, items: page.tokens };
    });
  }

  links(): Promise<Link[]> {
    return pages(async (pageToken) => {
      const request = ListLinksRequest.fromPartial({ pageSize: PAGE, pageToken });
      const bytes = ListLinksRequest.encode(request).finish();
      const page = ListLinksResponse.decode(await this.#call('LinkService/ListLinks', bytes));
      return { ...page, items: page.links };
    });
  }

  sessions(state: SessionState): Promise<Session[]> {
    return pages(async (pageToken) => {
      const request = ListSessionsRequest.fromPartial({ filter: { state }, pageSize: PAGE, pageToken });
      const bytes = ListSessionsRequest.encode(request).finish();
      const page = ListSessionsResponse.decode(await this.#call('SessionService/ListSessions', bytes));
      return { ...page, items: page.sessions };
    });
  }

  /** Returns a session; undefined when there is none. */
  async session(sessionId: string): Promise<Session | undefined> {
    const bytes = GetSessionRequest.encode({ sessionId }).finish();
    return GetSessionResponse.decode(await this.#call('SessionService/GetSession', bytes)).session;
  }

  async revoke(jtis: string[]): Promise<void> {
    const bytes = RevokeTokensRequest.encode(
      RevokeTokensRequest.fromPartial({ selection: tokensById(jtis) }),
    ).finish();
    await this.#call('TokenService/RevokeTokens', bytes);
  }

  async endSession(sessionId: string): Promise<Receipt | undefined> {
    const bytes = EndSessionRequest.encode(
      EndSessionRequest.fromPartial({ selection: sessionsById([sessionId]), grace: durationOf(0) }),
    ).finish();
    return EndSessionResponse.decode(await this.#call('SessionService/EndSession', bytes)).receipt;
  }

  async #call(method: string, request: Uint8Array): Promise<Buffer> {
    const { response, message } = await this.rpc.unary(`/latchkey.v1.${method}`, request, this.#token);
    if (response === undefined) throw new Error(`${method}: ${message}`);
    return response;
  }

  [Symbol.dispose](): void {
    this.rpc[Symbol.dispose]();
  }
}

async function pages<Item>(
  ask: (pageToken: string) => Promise<{ items: Item[]; nextPageToken: string }>,
): Promise<Item[]> {
  const all: Item[] = [];
  for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
    const { items, nextPageToken } = await ask(pageToken);
    all.push(...items);
    pageToken = nextPageToken || undefined;
  }
  return all;
}
