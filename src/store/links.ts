/** The links that were initialised, so that a daemon finds them again after its restart (X4). */
import type { Kysely } from 'kysely';
import { finishPage, type Page, type PageQuery, planPage } from './page.ts';
import type { LinkRow, Schema } from './schema.ts';

type Db = Kysely<Schema>;

export interface LinkQuery extends PageQuery {
  /** Only this Linux user's; all when missing or empty. */
  readonly linuxUser?: string;
}

/** Keeps the link, in place of what was kept under its socket. */
export async function upsertLink(tx: Db, row: LinkRow): Promise<void> {
  const { socket: _, ...rest } = row;
  await tx
    .insertInto('links')
    .values(row)
    .onConflict((conflict) => conflict.column('socket').doUpdateSet(rest))
    .execute();
}

export async function deleteLink(tx: Db, socket: string): Promise<void> {
  await tx.deleteFrom('links').where('socket', '=', socket).execute();
}

/** One page of links, the youngest first. Throws INVALID_ARGUMENT. */
export async function selectLinks(db: Db, query: LinkQuery): Promise<Page<LinkRow>> {
  const { linuxUser } = query;
  const plan = planPage(query, ['links', linuxUser]);
  const { after } = plan;
  let links = db.selectFrom('links');
  if (linuxUser) links = links.where('linux_user', '=', linuxUser);
  let rows = links.selectAll().orderBy('created_at', 'desc').orderBy('socket', 'desc');
  if (after !== undefined) {
    rows = rows.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'socket'), '<', tuple(after.value as number, after.id)),
    );
  }
  const counted = links.select(({ fn }) => fn.countAll().as('total'));
  const total = after?.total ?? Number((await counted.executeTakeFirstOrThrow()).total);
  const found = await rows.limit(plan.limit + 1).execute();
  return finishPage(plan, found, total, (row) => [row.created_at, row.socket]);
}

export async function allLinks(db: Db): Promise<LinkRow[]> {
  return db.selectFrom('links').selectAll().orderBy('created_at').execute();
}
