/** The whitelist as it is kept: one row a live token. */
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import { finishPage, likePattern, type Page, type PageQuery, parseOrder, planPage } from './page.ts';
import type { Schema, TokenRow } from './schema.ts';

type Db = Kysely<Schema>;

/** How many ids go into one statement. */
const CHUNK = 500;
const BOOT_CHUNK = 4000;

/** Which tokens, in which order; a missing or empty field picks all. */
export interface TokenQuery extends PageQuery {
  readonly login?: string;
  readonly authMethod?: string;
  /** Found anywhere in login, Linux user, host, client address or id; case does not matter. */
  readonly text?: string;
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
  const order = parseOrder(orderBy || 'issued_at desc', ['login', 'issued_at', 'expires_at', 'auth_method']);
  const plan = planPage(query, ['tokens', login, authMethod, text, order]);
  const { column, direction } = order;
  let rows = filtered(db, query).selectAll().orderBy(column, direction).orderBy('jti', direction);
  const { after } = plan;
  if (after !== undefined) {
    rows = rows.where(({ eb, refTuple, tuple }) =>
      eb(refTuple(column, 'jti'), direction === 'desc' ? '<' : '>', tuple(after.value, after.id)),
    );
  }
  const total = after?.total ?? (await count(filtered(db, query)));
  const found = await rows.limit(plan.limit + 1).execute();
  return finishPage(plan, found, total, (row) => [row[column], row.jti]);
}

export async function tokenIdsOf(db: Db, login: string): Promise<string[]> {
  const rows = await db.selectFrom('tokens').select('jti').where('login', '=', login).execute();
  return rows.map(({ jti }) => jti);
}

export async function tokensOf(db: Db, login: string): Promise<TokenRow[]> {
  return db.selectFrom('tokens').selectAll().where('login', '=', login).execute();
}

export async function countTokensOf(db: Db, login: string): Promise<number> {
  return count(db.selectFrom('tokens').where('login', '=', login));
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

// biome-ignore lint/complexity/noBannedTypes: kysely's type of a query that selects nothing yet
type TokenSelection = SelectQueryBuilder<Schema, 'tokens', {}>;

function filtered(db: Db, { login, authMethod, text }: TokenQuery): TokenSelection {
  let rows: TokenSelection = db.selectFrom('tokens');
  if (login) rows = rows.where('login', '=', login);
  if (authMethod) rows = rows.where('auth_method', '=', authMethod);
  if (text) {
    const pattern = likePattern(text);
    rows = rows.where(({ or, ref }) =>
      or(
        (['login', 'linux_user', 'hostname', 'client_ip', 'jti'] as const).map(
          (name) => sql<boolean>`lower(${ref(name)}) like lower(${pattern}) escape '\\'`,
        ),
      ),
    );
  }
  return rows;
}

async function count(rows: TokenSelection): Promise<number> {
  const { total } = await rows.select(({ fn }) => fn.countAll().as('total')).executeTakeFirstOrThrow();
  return Number(total);
}

function* chunksOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += CHUNK) yield ids.slice(at, at + CHUNK);
}
