/** An authority on a real store with tokens, for measurements. */
import { randomUUIDv7 } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Authority } from '../../src/authority/authority.ts';
import { openStore } from '../../src/store/open.ts';
import type { TokenRow } from '../../src/store/schema.ts';
import { tokenRow } from '../contract/rows.ts';
import { testKeys } from '../support/server/authority.ts';

export type Synchronous = 'FULL' | 'NORMAL';

export const keys = testKeys();
export const LIFETIME_SECONDS = 28_800;

/** Opens an authority on the database in `folder`; the result can be closed. */
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
  });
  const close = async (): Promise<void> => {
    authority[Symbol.dispose]();
    await store[Symbol.asyncDispose]();
  };
  return { authority, close };
}

/**
 * Writes `count` tokens, ten for each login, directly to the database in `folder`: the store would take
 * minutes.
 */
export async function fillTokens(folder: string, count: number, file = 'latchkey.db'): Promise<void> {
  const path = join(folder, file);
  await (await openStore({ url: `sqlite:${path}` }))[Symbol.asyncDispose](); // makes the tables
  fillTable(path, 'tokens', count, someToken);
}

/** Writes `count` rows into a table of the database at `path`; `row` makes each from its index. */
export function fillTable(path: string, table: string, count: number, row: (index: number) => object): void {
  const database = new Database(path);
  const columns = Object.keys(row(0));
  const insert = database.prepare(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map((name) => `@${name}`).join(', ')})`,
  );
  database.transaction(() => {
    for (let index = 0; index < count; index += 1) insert.run(row(index));
  })();
  database.close();
}

function someToken(index: number): TokenRow {
  const login = `user${Math.floor(index / 10)}`;
  const jti = randomUUIDv7();
  const expires_at = Math.floor(Date.now() / 1000) + LIFETIME_SECONDS;
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
}
