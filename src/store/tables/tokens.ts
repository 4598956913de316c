/** The whitelist in the database: one row for each live token. */
import { chunksOf } from '../../async/chunks-of.ts';
import { type Page, type PageQuery, parseOrder, planPage } from '../page.ts';
import type { Db, TokenRow } from '../schema.ts';
import { distinctIfFew, type Filtered, selectPage } from '../select-page.ts';
import { containsText } from '../text-in.ts';

/** Ids in one statement. */
const IDS_PER_STATEMENT = 500;
const ROWS_PER_CHUNK = 4000;

/** Orders of the list. All have an index but Linux user and address, which read every matching token. */
const ORDERS = ['jti', 'login', 'linux_user', 'auth_method', 'issued_at', 'expires_at', 'client_ip'] as const;

/** A filter of tokens; a missing or empty field matches all. */
export interface TokenFilter {
  readonly login?: string;
  readonly authMethod?: string;
  /** Matches any part of login, Linux user, host, client address or id, ignoring case. */
  readonly text?: string;
}

export interface TokenQuery extends PageQuery, TokenFilter {
  /** "issued_at desc" when empty. */
  readonly orderBy?: string;
}

export async function insertToken(tx: Db, row: TokenRow): Promise<void> {
  await tx.insertInto('tokens').values(row).execute();
}

/** Updates times and claims of a token; returns false when there is no such token. */
export async function renewToken(
  tx: Db,
  jti: string,
  renewed: Pick<TokenRow, 'issued_at' | 'expires_at' | 'claims'>,
): Promise<boolean> {
  const result = await tx.updateTable('tokens').set(renewed).where('jti', '=', jti).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Deletes tokens; ids without a token are ignored. */
export async function deleteTokens(tx: Db, jtis: readonly string[]): Promise<void> {
  for (const chunk of chunksOf(jtis, IDS_PER_STATEMENT))
    await tx.deleteFrom('tokens').where('jti', 'in', chunk).execute();
}

export async function selectToken(db: Db, jti: string): Promise<TokenRow | undefined> {
  return db.selectFrom('tokens').selectAll().where('jti', '=', jti).executeTakeFirst();
}

/** Returns the tokens with these ids, in no particular order. */
export async function selectTokensById(db: Db, jtis: readonly string[]): Promise<TokenRow[]> {
  const rows: TokenRow[] = [];
  for (const chunk of chunksOf(jtis, IDS_PER_STATEMENT)) {
    rows.push(...(await db.selectFrom('tokens').selectAll().where('jti', 'in', chunk).execute()));
  }
  return rows;
}

/** Returns one page of the matching tokens. Throws INVALID_ARGUMENT. */
export async function selectTokens(db: Db, query: TokenQuery): Promise<Page<TokenRow>> {
  const { login, authMethod, text, orderBy } = query;
  const order = parseOrder(orderBy || 'issued_at desc', ORDERS);
  const plan = planPage(query, ['tokens', login, authMethod, text, order]);
  let filtered = filterTokens(db, query);
  const few = text ? await distinctIfFew(filtered, 'jti') : undefined;
  if (few !== undefined) filtered = db.selectFrom('tokens').where('jti', 'in', few);
  return selectPage({ filtered, id: 'jti', order, nullable: ['linux_user', 'client_ip'], plan });
}

export async function tokenIdsOf(db: Db, login: string): Promise<string[]> {
  const rows = await db.selectFrom('tokens').select('jti').where('login', '=', login).execute();
  return rows.map(({ jti }) => jti);
}

/** Returns the ids of the tokens that were issued for a Linux user while it had this uid. */
export async function tokenIdsOfUser(db: Db, user: { name: string; uid: number }): Promise<string[]> {
  const all = db.selectFrom('tokens').select('jti');
  const rows = await all.where('linux_user', '=', user.name).where('uid', '=', user.uid).execute();
  return rows.map(({ jti }) => jti);
}

/** Returns the Linux users of all tokens, each with the uid that it had when the token was issued. */
export async function linuxUsers(db: Db): Promise<{ name: string; uid: number }[]> {
  const rows = await db.selectFrom('tokens').select(['linux_user', 'uid']).distinct().execute();
  return rows.flatMap(({ linux_user: name, uid }) => (name === null || uid === null ? [] : [{ name, uid }]));
}

export async function tokensOf(db: Db, login: string): Promise<TokenRow[]> {
  return db.selectFrom('tokens').selectAll().where('login', '=', login).execute();
}

export async function countTokensOf(db: Db, login: string): Promise<number> {
  const row = await db.selectFrom('logins').select('tokens').where('login', '=', login).executeTakeFirst();
  return Number(row?.tokens ?? 0);
}

/** Returns the ids of expired tokens, earliest first. */
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

/** A whitelist entry, as read when the daemon starts. */
export type TokenId = Pick<TokenRow, 'jti' | 'expires_at'>;

/**
 * Yields the ids of all tokens in chunks, the earliest to expire first: a million need no more memory
 * than a thousand. Reads an index rather than the table, which is ten times as large.
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
      .limit(ROWS_PER_CHUNK)
      .execute();
    if (rows.length > 0) yield rows;
    if (rows.length < ROWS_PER_CHUNK) return;
    last = rows.at(-1) ?? last;
  }
}

/** Returns the tokens that were derived from another token, with that token's id. */
export async function allChildren(db: Db): Promise<{ jti: string; parent: string | null }[]> {
  return db.selectFrom('tokens').select(['jti', 'parent']).where('parent', 'is not', null).execute();
}

/** Returns the query for tokens that match a filter. Throws INVALID_ARGUMENT. */
export function filterTokens(db: Db, { login, authMethod, text }: TokenFilter): Filtered<'tokens'> {
  let filtered: Filtered<'tokens'> = db.selectFrom('tokens');
  if (login) filtered = filtered.where('login', '=', login);
  if (authMethod) filtered = filtered.where('auth_method', '=', authMethod);
  if (text)
    filtered = filtered.where(containsText(text, ['login', 'linux_user', 'hostname', 'client_ip', 'jti']));
  return filtered;
}
