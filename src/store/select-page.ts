/** One page of what a filter has picked: in the order asked for, behind the last row of the page before. */
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { finishPage, type Order, type Page, type PagePlan } from './page.ts';
import type { Schema } from './schema.ts';

/** Rows that a filter picks; nothing is selected of them yet. */
// biome-ignore lint/complexity/noBannedTypes: kysely's type of a query that selects nothing yet
export type Picked<Table extends keyof Schema> = SelectQueryBuilder<Schema, Table, {}>;

export interface Listing<Table extends keyof Schema, Column extends string> {
  readonly picked: Picked<Table>;
  /** The column that names a row and decides between equals. */
  readonly id: keyof Schema[Table] & string;
  readonly order: Order<Column>;
  /** Columns that may be NULL, which is ordered as '' is. */
  readonly nullable?: readonly Column[];
  readonly plan: PagePlan;
  /** How many rows are picked, where that is found in a better way than by counting them. */
  readonly count?: () => Promise<number>;
}

/** As many ids as go into one statement, and one page. */
const FEW = 1000;

/** Counts what was picked for a first page alone, and only where that does not hold it all. */
export async function selectPage<Table extends keyof Schema, Column extends keyof Schema[Table] & string>(
  listing: Listing<Table, Column>,
): Promise<Page<Schema[Table]>> {
  const { picked, id, order, nullable, plan, count = () => countOf(picked) } = listing;
  const { column, direction } = order;
  const { after } = plan;
  const key = nullable?.includes(column) ? sql`coalesce(${sql.ref(column)}, '')` : sql.ref(column);
  const behind = sql.raw(direction === 'desc' ? '<' : '>');
  let rows = picked.selectAll().orderBy(key, direction).orderBy(sql.ref(id), direction);
  if (after !== undefined) {
    rows = rows.where(sql<boolean>`(${key}, ${sql.ref(id)}) ${behind} (${after.value}, ${after.id})`);
  }
  const found = (await rows.limit(plan.limit + 1).execute()) as unknown as Schema[Table][];
  const isAll = found.length <= plan.limit;
  const total = after?.total ?? (isAll ? found.length : await count());
  return finishPage(plan, found, total, (row) => [(row[column] ?? '') as string | number, String(row[id])]);
}

/**
 * What `column` says in the rows picked, where that is not much: for a filter that has to look at every row, as then
 * it looks once. Undefined for more, of which an order's index finds a page soon.
 */
export async function fewOf<Table extends keyof Schema>(
  picked: Picked<Table>,
  column: keyof Schema[Table] & string,
): Promise<string[] | undefined> {
  const rows = await picked
    .select(unordered(column).as('value'))
    .distinct()
    .limit(FEW + 1)
    .execute();
  return rows.length > FEW ? undefined : rows.map(({ value }) => value);
}

/** What `column` says, as one that no index has: reading rows in the order of an index takes several times as long. */
export function unordered(column: string): RawBuilder<string> {
  return sql<string>`${sql.ref(column)} || ''`;
}

/** How many rows are picked. */
export async function countOf<Table extends keyof Schema>(picked: Picked<Table>): Promise<number> {
  const counted = picked.select(sql<number | bigint>`count(*)`.as('total'));
  return Number((await counted.executeTakeFirstOrThrow()).total);
}
