/** People and what they have: one row for each login with live tokens. */
import { type Kysely, sql } from 'kysely';
import { type Page, type PageQuery, parseOrder, planPage } from '../page.ts';
import type { LoginRow, Schema, TokenRow } from '../schema.ts';
import { countOf, fewOf, type Picked, selectPage, unordered } from '../select-page.ts';
import { pickTokens, type TokenFilter } from './tokens.ts';

type Db = Kysely<Schema>;

/** How many of a login's newest tokens tell where it comes from. */
const NEWEST = 10;
/** How many names are told of one login. */
const NAMES = 20;

/** Which logins, by their tokens, in which order. */
export interface LoginQuery extends PageQuery, TokenFilter {
  /** "login" when empty. */
  readonly orderBy?: string;
}

/** A login and what it has, whichever of its tokens were picked. */
export interface Login extends LoginRow {
  /** By name, as the next. */
  readonly linuxUsers: readonly string[];
  readonly authMethods: readonly string[];
  /** Client address, or the host where that is unknown, of its newest tokens: each once, the newest first. */
  readonly addresses: readonly string[];
  /** Running ones. */
  readonly sessions: number;
  readonly links: number;
}

/** One page of the logins with a token that the filter picks. Throws INVALID_ARGUMENT. */
export async function selectLogins(db: Db, query: LoginQuery): Promise<Page<Login>> {
  const { login, authMethod, text, orderBy } = query;
  const order = parseOrder(orderBy || 'login', ['login', 'tokens', 'newest_issued_at']);
  const plan = planPage(query, ['logins', login, authMethod, text, order]);
  const page = await selectPage({ ...(await pickLogins(db, query)), id: 'login', order, plan });
  return { ...page, items: await withDetails(db, page.items) };
}

/** How many live tokens there are, and how many logins that have them. */
export async function countTokensAndLogins(db: Db): Promise<{ tokens: number; logins: number }> {
  const tokens = await countOf(db.selectFrom('tokens'));
  return { tokens, logins: await countOf(db.selectFrom('logins')) };
}

async function pickLogins(
  db: Db,
  query: LoginQuery,
): Promise<{ picked: Picked<'logins'>; count?: () => Promise<number> }> {
  const { login, authMethod, text } = query;
  const all = db.selectFrom('logins');
  if (!authMethod && !text) return { picked: login ? all.where('login', '=', login) : all };
  const tokens = pickTokens(db, query);
  const few = await fewOf(tokens, 'login');
  if (few !== undefined) return { picked: all.where('login', 'in', few) };
  const own = tokens.where(sql<boolean>`tokens.login = logins.login`).select('jti');
  return { picked: all.where(({ exists }) => exists(own)), count: () => countLogins(tokens) };
}

async function countLogins(tokens: Picked<'tokens'>): Promise<number> {
  const counted = tokens.select(({ fn }) => fn.count(unordered('login')).distinct().as('count'));
  return Number((await counted.executeTakeFirstOrThrow()).count);
}

/** Each question is asked once for the whole page. */
async function withDetails(db: Db, rows: readonly LoginRow[]): Promise<Login[]> {
  if (rows.length === 0) return [];
  const logins = rows.map(({ login }) => login);
  const uses = byLogin(await usesOf(db, logins));
  const places = byLogin(await placesOf(db, logins));
  const sessions = byLogin(await runningOf(db, logins));
  const links = byLogin(await linksOf(db, logins));
  return rows.map((row) => {
    const used = uses.get(row.login) ?? [];
    const from = places.get(row.login) ?? [];
    return {
      ...row,
      linuxUsers: distinct(used.map(({ linux_user }) => linux_user))
        .sort()
        .slice(0, NAMES),
      authMethods: distinct(used.map(({ auth_method }) => auth_method))
        .sort()
        .slice(0, NAMES),
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
  const picked = db.selectFrom('tokens').where('login', 'in', logins);
  return picked.select(['login', 'linux_user', 'auth_method']).distinct().execute();
}

/** The newest first. A cross join, so that SQLite goes from the logins to their tokens and not the other way. */
function placesOf(
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
        .limit(NEWEST),
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

/** A cross join here too: there are few links, and many tokens. */
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
