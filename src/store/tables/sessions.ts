/** The sessions, while they run and for a while after. */
import { type Kysely, sql } from 'kysely';
import { type Page, type PageQuery, parseOrder, planPage } from '../page.ts';
import type { Schema, SessionRow, SessionState } from '../schema.ts';
import { type Picked, selectPage } from '../select-page.ts';
import { isTextIn } from '../text-in.ts';

type Db = Kysely<Schema>;

/** Those by id, start, login and state have an index; the others read every session picked. */
const ORDERS = ['id', 'login', 'linux_user', 'command', 'state', 'started_at'] as const;

/** The command as a person would type it, but for quotes. */
const WORDS = sql<string>`(select group_concat(value, ' ') from json_each(command))`;

/** Which sessions, in which order; a missing or empty field picks all. */
export interface SessionQuery extends PageQuery {
  readonly login?: string;
  readonly state?: SessionState;
  /** Found anywhere in id, login, Linux user, or command with a blank between its words; case does not matter. */
  readonly text?: string;
  /** "started_at desc" when empty. */
  readonly orderBy?: string;
}

export async function insertSession(tx: Db, row: SessionRow): Promise<void> {
  await tx.insertInto('sessions').values(row).execute();
}

/** Changes what `patch` names; false when there is no such session. */
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

/** One page of the sessions that the query picks. Throws INVALID_ARGUMENT. */
export async function selectSessions(db: Db, query: SessionQuery): Promise<Page<SessionRow>> {
  const { login, state, text, orderBy } = query;
  const order = parseOrder(orderBy || 'started_at desc', ORDERS);
  const plan = planPage(query, ['sessions', login, state, text, order]);
  return selectPage({ picked: pickSessions(db, query), id: 'id', order, plan });
}

/** How many sessions of a login are not over. */
export async function countUnended(db: Db, login: string): Promise<number> {
  const counted = db
    .selectFrom('sessions')
    .select(({ fn }) => fn.countAll().as('total'))
    .where('login', '=', login)
    .where('state', 'in', ['starting', 'running']);
  return Number((await counted.executeTakeFirstOrThrow()).total);
}

/** All sessions of a uid, in `state` when one is given, the oldest first. */
export async function sessionsOfUid(db: Db, uid: number, state?: SessionState): Promise<SessionRow[]> {
  let rows = db.selectFrom('sessions').selectAll().where('uid', '=', uid);
  if (state !== undefined) rows = rows.where('state', '=', state);
  return rows.orderBy('started_at').execute();
}

/** Sessions of a uid that ended before `beforeMs`, the earliest first, at most `limit`. */
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

/** When the `rank`th newest of the ended sessions of a uid ended, in milliseconds since 1970; undefined when there are fewer. */
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

/** Deletes those that are there; at most 1000 at once. */
export async function deleteSessions(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.deleteFrom('sessions').where('id', 'in', ids).execute();
}

function pickSessions(db: Db, { login, state, text }: SessionQuery): Picked<'sessions'> {
  let picked: Picked<'sessions'> = db.selectFrom('sessions');
  if (login) picked = picked.where('login', '=', login);
  if (state) picked = picked.where('state', '=', state);
  if (text) picked = picked.where(isTextIn(text, ['id', 'login', 'linux_user', WORDS]));
  return picked;
}
