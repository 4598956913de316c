/** Selects one page of a filtered and sorted list. */
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { finishPage, type Order, type Page, type PagePlan } from './page.ts';
import type { Schema } from './schema.ts';

/** A filtered query without selected columns. */
// biome-ignore lint/complexity/noBannedTypes: kysely's type of a query that selects nothing yet
export type Filtered<Table extends keyof Schema> = SelectQueryBuilder<Schema, Table, {}>;

export interface Listing<Table extends keyof Schema, Column extends string> {
  readonly filtered: Filtered<Table>;
  /** Column with the row's id, which decides the order of equal rows. */
  readonly id: keyof Schema[Table] & string;
  readonly order: Order<Column>;
  /** Columns that may be NULL, which sorts like ''. */
  readonly nullable?: readonly Column[];
  readonly plan: PagePlan;
  /** Counts the filtered rows, when there is a faster way than count(*). */
  readonly count?: () => Promise<number>;
}

/** Largest number of ids in one statement, and of rows on a page. */
const MAX_IDS = 1000;

/** Selects one page. Counts the rows only for a first page that does not hold them all. */
export async function selectPage<Table extends keyof Schema, Column extends keyof Schema[Table] & string>(
  listing: Listing<Table, Column>,
): Promise<Page<Schema[Table]>> {
  const { filtered, id, order, nullable, plan, count = () => countOf(filtered) } = listing;
  const { column, direction } = order;
  const { after } = plan;
  const key = nullable?.includes(column) ? sql`coalesce(${sql.ref(column)}, '')` : sql.ref(column);
  const comparison = sql.raw(direction === 'desc' ? '<' : '>');
  let rows = filtered.selectAll().orderBy(key, direction).orderBy(sql.ref(id), direction);
  if (after !== undefined) {
    rows = rows.where(sql<boolean>`(${key}, ${sql.ref(id)}) ${comparison} (${after.value}, ${after.id})`);
  }
  const found = (await rows.limit(plan.limit + 1).execute()) as unknown as Schema[Table][];
  const isAll = found.length <= plan.limit;
  const total = after?.total ?? (isAll ? found.length : await count());
  return finishPage(plan, found, total, (row) => [(row[column] ?? '') as string | number, String(row[id])]);
}

/**
 * Returns the values of `column` in the filtered rows when there are at most 1000, so that a filter which
 * has to look at every row does so only once. Returns undefined when there are more; an index of the sort
 * order then finds a page quickly.
 */
export async function distinctIfFew<Table extends keyof Schema>(
  filtered: Filtered<Table>,
  column: keyof Schema[Table] & string,
): Promise<string[] | undefined> {
  const rows = await filtered
    .select(unordered(column).as('value'))
    .distinct()
    .limit(MAX_IDS + 1)
    .execute();
  return rows.length > MAX_IDS ? undefined : rows.map(({ value }) => value);
}

/**
 * Returns `column` as an expression that no index matches: reading rows in the order of an index takes
 * several times as long as scanning the table.
 */
export function unordered(column: string): RawBuilder<string> {
  return sql<string>`${sql.ref(column)} || ''`;
}

/** Counts the filtered rows. */
export async function countOf<Table extends keyof Schema>(filtered: Filtered<Table>): Promise<number> {
  const counted = filtered.select(sql<number | bigint>`count(*)`.as('total'));
  return Number((await counted.executeTakeFirstOrThrow()).total);
}
