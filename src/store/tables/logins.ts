/** Logins with live tokens, or everyone who ever logged in, and the details that lists show of them. */
import { sql } from 'kysely';
import { type Page, type PageQuery, parseOrder, planPage } from '../page.ts';
import type { Db, EveryoneRow, LoginRow, TokenRow } from '../schema.ts';
import { countOf, distinctIfFew, type Filtered, selectPage, unordered } from '../select-page.ts';
import { containsText } from '../text-in.ts';
import { filterTokens, type TokenFilter } from './tokens.ts';

/** Number of a login's newest tokens whose addresses are listed. */
const NEWEST_TOKENS = 10;
/** Largest number of Linux users and of methods listed for one login. */
const MAX_NAMES = 20;

/** Filter and order of a list of logins; the filter applies to their tokens. */
export interface LoginQuery extends PageQuery, TokenFilter {
  /** "login" when empty. */
  readonly orderBy?: string;
  /** True to select also those without a live token; a text is then searched in their names, too. */
  readonly everyone?: boolean;
}

/** A login with details of all its tokens, not only those that the filter matches. */
export interface Login extends LoginRow {
  /** Linux users of its tokens, sorted, at most 20; without tokens, the one of its latest. */
  readonly linuxUsers: readonly string[];
  readonly authMethods: readonly string[];
  /**
   * Client addresses of its 10 newest tokens, without duplicates, newest first; the host where the address
   * is unknown.
   */
  readonly addresses: readonly string[];
  /** Number of running sessions. */
  readonly sessions: number;
  readonly links: number;
}

/**
 * Returns one page of the logins that have a token matching the filter, or with `everyone` of all who match
 * it. Throws INVALID_ARGUMENT.
 */
export async function selectLogins(db: Db, query: LoginQuery): Promise<Page<Login>> {
  const { login, authMethod, text, orderBy, everyone = false } = query;
  const order = parseOrder(orderBy || 'login', ['login', 'tokens', 'newest_issued_at']);
  const plan = planPage(query, ['logins', login, authMethod, text, everyone, order]);
  if (everyone) {
    const page = await selectPage({ filtered: filterEveryone(db, query), id: 'login', order, plan });
    return { ...page, items: await withDetails(db, page.items) };
  }
  const page = await selectPage({ ...(await filterLogins(db, query)), id: 'login', order, plan });
  return { ...page, items: await withDetails(db, page.items) };
}

/** Counts the live tokens, and the logins that have any. */
export async function countTokensAndLogins(db: Db): Promise<{ tokens: number; logins: number }> {
  const tokens = await countOf(db.selectFrom('tokens'));
  return { tokens, logins: await countOf(db.selectFrom('logins')) };
}

async function filterLogins(
  db: Db,
  query: LoginQuery,
): Promise<{ filtered: Filtered<'logins'>; count?: () => Promise<number> }> {
  const { login, authMethod, text } = query;
  const all = db.selectFrom('logins');
  if (!authMethod && !text) return { filtered: login ? all.where('login', '=', login) : all };
  const tokens = filterTokens(db, query);
  const few = await distinctIfFew(tokens, 'login');
  if (few !== undefined) return { filtered: all.where('login', 'in', few) };
  const own = tokens.where(sql<boolean>`tokens.login = logins.login`).select('jti');
  return { filtered: all.where(({ exists }) => exists(own)), count: () => countLogins(tokens) };
}

function filterEveryone(db: Db, query: LoginQuery): Filtered<'everyone'> {
  const { login, authMethod, text } = query;
  let filtered: Filtered<'everyone'> = db.selectFrom('everyone');
  if (login) filtered = filtered.where('login', '=', login);
  if (!authMethod && !text) return filtered;
  const own = filterTokens(db, query).where(sql<boolean>`tokens.login = everyone.login`).select('jti');
  if (authMethod || !text) return filtered.where(({ exists }) => exists(own));
  const named = containsText(text, ['everyone.login', 'everyone.linux_user']);
  return filtered.where(({ exists, or }) => or([exists(own), named]));
}

async function countLogins(tokens: Filtered<'tokens'>): Promise<number> {
  const counted = tokens.select(({ fn }) => fn.count(unordered('login')).distinct().as('count'));
  return Number((await counted.executeTakeFirstOrThrow()).count);
}

/** Adds the details with one query each for the whole page. */
async function withDetails(db: Db, rows: readonly (LoginRow & Partial<EveryoneRow>)[]): Promise<Login[]> {
  if (rows.length === 0) return [];
  const logins = rows.map(({ login }) => login);
  const uses = byLogin(await usesOf(db, logins));
  const places = byLogin(await addressesOf(db, logins));
  const sessions = byLogin(await runningOf(db, logins));
  const links = byLogin(await linksOf(db, logins));
  return rows.map(({ linux_user: latest = null, ...row }) => {
    const used = uses.get(row.login) ?? [{ linux_user: latest, auth_method: '' }];
    const from = places.get(row.login) ?? [];
    return {
      ...row,
      linuxUsers: distinct(used.map(({ linux_user }) => linux_user))
        .sort()
        .slice(0, MAX_NAMES),
      authMethods: distinct(used.map(({ auth_method }) => auth_method))
        .sort()
        .slice(0, MAX_NAMES),
      addresses: distinct(from.map(({ client_ip, hostname }) => client_ip || hostname)),
      sessions: Number(sessions.get(row.login)?.[0]?.count ?? 0),
      links: Number(links.get(row.login)?.[0]?.count ?? 0),
    };
  });
}

function usesOf(
  db: Db,
  logins: readonly string[],
): Promise<Pick<TokenRow, 'login' | 'linux_user' | 'auth_method'>[]> {
  const filtered = db.selectFrom('tokens').where('login', 'in', logins);
  return filtered.select(['login', 'linux_user', 'auth_method']).distinct().execute();
}

/**
 * Sorted newest first. The cross join makes SQLite look up the tokens of each login rather than the
 * reverse.
 */
function addressesOf(
  db: Db,
  logins: readonly string[],
): Promise<Pick<TokenRow, 'login' | 'client_ip' | 'hostname'>[]> {
  return db
    .selectFrom('logins')
    .crossJoin('tokens')
    .where('logins.login', 'in', logins)
    .where('tokens.jti', 'in', (own) =>
      own
        .selectFrom('tokens as newest')
        .select('newest.jti')
        .whereRef('newest.login', '=', 'logins.login')
        .orderBy('newest.issued_at', 'desc')
        .orderBy('newest.jti', 'desc')
        .limit(NEWEST_TOKENS),
    )
    .select(['tokens.login', 'tokens.client_ip', 'tokens.hostname'])
    .orderBy('tokens.issued_at', 'desc')
    .orderBy('tokens.jti', 'desc')
    .execute();
}

interface Count {
  readonly login: string;
  readonly count: string | number | bigint;
}

function runningOf(db: Db, logins: readonly string[]): Promise<Count[]> {
  const running = db.selectFrom('sessions').where('login', 'in', logins).where('state', '=', 'running');
  return running
    .select(({ fn }) => ['login', fn.countAll().as('count')])
    .groupBy('login')
    .execute();
}

/** A cross join as well, because there are few links and many tokens. */
function linksOf(db: Db, logins: readonly string[]): Promise<Count[]> {
  return db
    .selectFrom('links')
    .crossJoin('tokens')
    .whereRef('tokens.jti', '=', 'links.jti')
    .where('tokens.login', 'in', logins)
    .select(({ fn }) => ['tokens.login', fn.countAll().as('count')])
    .groupBy('tokens.login')
    .execute();
}

function byLogin<Row extends { readonly login: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ login }) => login);
}

function distinct(texts: readonly (string | null)[]): string[] {
  return [...new Set(texts.filter((text) => text !== null && text !== ''))] as string[];
}
