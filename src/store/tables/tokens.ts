/** The whitelist as it is kept: one row a live token. */
import type { Kysely } from 'kysely';
import { type Page, type PageQuery, parseOrder, planPage } from '../page.ts';
import type { Schema, TokenRow } from '../schema.ts';
import { fewOf, type Picked, selectPage } from '../select-page.ts';
import { isTextIn } from '../text-in.ts';

type Db = Kysely<Schema>;

/** How many ids go into one statement. */
const CHUNK = 500;
const BOOT_CHUNK = 4000;

/** The orders that have an index, but for those by Linux user and address, which read every token picked. */
const ORDERS = ['jti', 'login', 'linux_user', 'auth_method', 'issued_at', 'expires_at', 'client_ip'] as const;

/** Which tokens; a missing or empty field picks all. */
export interface TokenFilter {
  readonly login?: string;
  readonly authMethod?: string;
  /** Found anywhere in login, Linux user, host, client address or id; case does not matter. */
  readonly text?: string;
}

export interface TokenQuery extends PageQuery, TokenFilter {
  /** "issued_at desc" when empty. */
  readonly orderBy?: string;
}

export async function insertToken(tx: Db, row: TokenRow): Promise<void> {
  await tx.insertInto('tokens').values(row).execute();
}

/** Gives a token later times and the claims that say so; false when there is no such token. */
export async function renewToken(
  tx: Db,
  jti: string,
  renewed: Pick<TokenRow, 'issued_at' | 'expires_at' | 'claims'>,
): Promise<boolean> {
  const result = await tx.updateTable('tokens').set(renewed).where('jti', '=', jti).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Deletes those that are there. */
export async function deleteTokens(tx: Db, jtis: readonly string[]): Promise<void> {
  for (const chunk of chunksOf(jtis)) await tx.deleteFrom('tokens').where('jti', 'in', chunk).execute();
}

export async function selectToken(db: Db, jti: string): Promise<TokenRow | undefined> {
  return db.selectFrom('tokens').selectAll().where('jti', '=', jti).executeTakeFirst();
}

/** Those of `jtis` that are there, in no order. */
export async function selectTokensById(db: Db, jtis: readonly string[]): Promise<TokenRow[]> {
  const rows: TokenRow[] = [];
  for (const chunk of chunksOf(jtis)) {
    rows.push(...(await db.selectFrom('tokens').selectAll().where('jti', 'in', chunk).execute()));
  }
  return rows;
}

/** One page of the tokens that the query picks. Throws INVALID_ARGUMENT. */
export async function selectTokens(db: Db, query: TokenQuery): Promise<Page<TokenRow>> {
  const { login, authMethod, text, orderBy } = query;
  const order = parseOrder(orderBy || 'issued_at desc', ORDERS);
  const plan = planPage(query, ['tokens', login, authMethod, text, order]);
  let picked = pickTokens(db, query);
  const few = text ? await fewOf(picked, 'jti') : undefined;
  if (few !== undefined) picked = db.selectFrom('tokens').where('jti', 'in', few);
  return selectPage({ picked, id: 'jti', order, nullable: ['linux_user', 'client_ip'], plan });
}

export async function tokenIdsOf(db: Db, login: string): Promise<string[]> {
  const rows = await db.selectFrom('tokens').select('jti').where('login', '=', login).execute();
  return rows.map(({ jti }) => jti);
}

export async function tokensOf(db: Db, login: string): Promise<TokenRow[]> {
  return db.selectFrom('tokens').selectAll().where('login', '=', login).execute();
}

export async function countTokensOf(db: Db, login: string): Promise<number> {
  const row = await db.selectFrom('logins').select('tokens').where('login', '=', login).executeTakeFirst();
  return Number(row?.tokens ?? 0);
}

/** The ids of tokens whose time is over, the oldest first. */
export async function expiredTokens(db: Db, nowSeconds: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('tokens')
    .select('jti')
    .where('expires_at', '<=', nowSeconds)
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  return rows.map(({ jti }) => jti);
}

/** A whitelist entry, as it is read when the daemon starts. */
export type TokenId = Pick<TokenRow, 'jti' | 'expires_at'>;

/**
 * Every token there is, those that end first before the others, in pieces: a million need no
 * more memory than a thousand. Reads one index and not the table, which is ten times as large.
 */
export async function* allTokenIds(db: Db): AsyncGenerator<TokenId[]> {
  let last: TokenId = { jti: '', expires_at: Number.MIN_SAFE_INTEGER };
  while (true) {
    const { jti, expires_at } = last;
    const rows = await db
      .selectFrom('tokens')
      .select(['jti', 'expires_at'])
      .where(({ eb, refTuple, tuple }) => eb(refTuple('expires_at', 'jti'), '>', tuple(expires_at, jti)))
      .orderBy('expires_at')
      .orderBy('jti')
      .limit(BOOT_CHUNK)
      .execute();
    if (rows.length > 0) yield rows;
    if (rows.length < BOOT_CHUNK) return;
    last = rows.at(-1) ?? last;
  }
}

/** Every token that was made from another, with that other's id. */
export async function allChildren(db: Db): Promise<{ jti: string; parent: string | null }[]> {
  return db.selectFrom('tokens').select(['jti', 'parent']).where('parent', 'is not', null).execute();
}

/** The tokens that a filter picks. Throws INVALID_ARGUMENT. */
export function pickTokens(db: Db, { login, authMethod, text }: TokenFilter): Picked<'tokens'> {
  let picked: Picked<'tokens'> = db.selectFrom('tokens');
  if (login) picked = picked.where('login', '=', login);
  if (authMethod) picked = picked.where('auth_method', '=', authMethod);
  if (text) picked = picked.where(isTextIn(text, ['login', 'linux_user', 'hostname', 'client_ip', 'jti']));
  return picked;
}

function* chunksOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += CHUNK) yield ids.slice(at, at + CHUNK);
}
