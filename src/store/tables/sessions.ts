/** The sessions, while they run and until their retention has expired. */
import { sql } from 'kysely';
import { type Page, type PageQuery, parseOrder, planPage } from '../page.ts';
import type { Db, SessionRow, SessionState } from '../schema.ts';
import { type Filtered, selectPage } from '../select-page.ts';
import { containsText } from '../text-in.ts';

/** Orders of the list. Id, login, state and start have an index; the others read every matching session. */
const ORDERS = ['id', 'login', 'linux_user', 'command', 'state', 'started_at'] as const;

/** The command as a person would type it, without quotes. */
const COMMAND_TEXT = sql<string>`(select group_concat(value, ' ') from json_each(command))`;

/** The word that a text filter finds cordoned sessions by. */
const CORDONED_TEXT = sql<string>`case when cordoned_at is not null then 'cordoned' end`;

/** Filter and order of a list of sessions; a missing or empty field matches all. */
export interface SessionQuery extends PageQuery {
  readonly login?: string;
  readonly state?: SessionState;
  /** True for only those that are cordoned. */
  readonly cordoned?: boolean;
  /**
   * Matches any part of id, login, Linux user, the command's arguments joined by blanks, or for a cordoned
   * session the word "cordoned", ignoring case.
   */
  readonly text?: string;
  /** "started_at desc" when empty. */
  readonly orderBy?: string;
}

export async function insertSession(tx: Db, row: SessionRow): Promise<void> {
  await tx.insertInto('sessions').values(row).execute();
}

/** Updates the fields in `patch`; returns false when there is no such session. */
export async function updateSession(
  tx: Db,
  id: string,
  patch: Partial<Omit<SessionRow, 'id'>>,
): Promise<boolean> {
  const result = await tx.updateTable('sessions').set(patch).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function selectSession(db: Db, id: string): Promise<SessionRow | undefined> {
  return db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Returns one page of the matching sessions. Throws INVALID_ARGUMENT. */
export async function selectSessions(db: Db, query: SessionQuery): Promise<Page<SessionRow>> {
  const { login, state, cordoned, text, orderBy } = query;
  const order = parseOrder(orderBy || 'started_at desc', ORDERS);
  const plan = planPage(query, ['sessions', login, state, cordoned, text, order]);
  return selectPage({ filtered: filterSessions(db, query), id: 'id', order, plan });
}

/** Counts the sessions of a login that have not ended. */
export async function countActive(db: Db, login: string): Promise<number> {
  const counted = db
    .selectFrom('sessions')
    .select(({ fn }) => fn.countAll().as('total'))
    .where('login', '=', login)
    .where('state', 'in', ['starting', 'running']);
  return Number((await counted.executeTakeFirstOrThrow()).total);
}

/**
 * Returns the sessions of these logins, and those that run as these Linux users, that have not ended, newest
 * first.
 */
export async function activeSessionsOf(
  db: Db,
  { logins, linuxUsers }: { readonly logins: readonly string[]; readonly linuxUsers: readonly string[] },
): Promise<SessionRow[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('state', 'in', ['starting', 'running'])
    .where((where) =>
      where.or([where('login', 'in', [...logins]), where('linux_user', 'in', [...linuxUsers])]),
    )
    .orderBy('started_at', 'desc')
    .execute();
}

/** Returns the sessions of a uid, optionally only those in `state`, oldest first. */
export async function sessionsOfUid(db: Db, uid: number, state?: SessionState): Promise<SessionRow[]> {
  let rows = db.selectFrom('sessions').selectAll().where('uid', '=', uid);
  if (state !== undefined) rows = rows.where('state', '=', state);
  return rows.orderBy('started_at').execute();
}

/** Returns at most `limit` sessions of a uid that ended before `beforeMs`, earliest first. */
export async function endedBefore(
  db: Db,
  uid: number,
  beforeMs: number,
  limit: number,
): Promise<SessionRow[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('uid', '=', uid)
    .where('state', '=', 'ended')
    .where('ended_at', '<', beforeMs)
    .orderBy('ended_at')
    .limit(limit)
    .execute();
}

/**
 * Returns the end of the `rank`th newest ended session of a uid, in milliseconds since 1970; undefined
 * when there are fewer.
 */
export async function endOfNewest(db: Db, uid: number, rank: number): Promise<number | undefined> {
  const found = db
    .selectFrom('sessions')
    .select('ended_at')
    .where('uid', '=', uid)
    .where('state', '=', 'ended')
    .orderBy('ended_at', 'desc')
    .offset(rank - 1)
    .limit(1);
  return (await found.executeTakeFirst())?.ended_at ?? undefined;
}

/** Deletes at most 1000 sessions; ids without a session are ignored. */
export async function deleteSessions(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.deleteFrom('sessions').where('id', 'in', ids).execute();
}

function filterSessions(db: Db, { login, state, cordoned, text }: SessionQuery): Filtered<'sessions'> {
  let filtered: Filtered<'sessions'> = db.selectFrom('sessions');
  if (login) filtered = filtered.where('login', '=', login);
  if (state) filtered = filtered.where('state', '=', state);
  if (cordoned) filtered = filtered.where('cordoned_at', 'is not', null);
  if (text)
    filtered = filtered.where(containsText(text, ['id', 'login', 'linux_user', COMMAND_TEXT, CORDONED_TEXT]));
  return filtered;
}
