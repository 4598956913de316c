/** An authority on a real store to measure, and tokens in it. */
import { randomUUIDv7 } from 'node:crypto';
import { join } from 'node:path';
import { Authority } from '../../src/authority/authority.ts';
import { openStore } from '../../src/store/open.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { tokenRow } from '../contract/token-row.ts';
import { testKeys } from '../support/authority.ts';

export type Synchronous = 'FULL' | 'NORMAL';

export const keys = testKeys();
export const LIFETIME_SECONDS = 28_800;

/** An authority on the database in `folder`, and how to close both. */
export async function open(
  folder: string,
  synchronous: Synchronous,
): Promise<{ authority: Authority; close(): Promise<void> }> {
  const store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, synchronous });
  const authority = await Authority.open({
    store,
    keys,
    serverId: 'node1',
    hostname: 'host1',
    settings: () => ({ lifetimeSeconds: LIFETIME_SECONDS, lifetimes: {} }),
    now: Date.now,
    log: { error: (details, message) => console.error(message, details) },
  });
  const close = async (): Promise<void> => {
    await authority[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return { authority, close };
}

/** Puts `count` tokens, ten a login, into the database in `folder`. */
export async function fillTokens(folder: string, count: number, file = 'latchkey.db'): Promise<void> {
  await using store = await openStore({
    url: `sqlite:${join(folder, file)}`,
    synchronous: 'NORMAL',
  });
  const expires_at = Math.floor(Date.now() / 1000) + LIFETIME_SECONDS;
  for (let done = 0; done < count; done += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, count - done) }, (_, index) => {
      const login = `user${Math.floor((done + index) / 10)}`;
      const jti = randomUUIDv7();
      const claims = {
        sub: login,
        iss: 'node1',
        jti,
        iat: 1,
        exp: expires_at,
        authMethod: 'link',
        hostname: 'host1',
      };
      return tokenRow(jti, { login, expires_at, claims: JSON.stringify(claims) });
    });
    await Promise.all(rows.map((row) => store.commit((tx) => insertToken(tx, row))));
  }
}
