import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

/** The value kept under `key`, or undefined. */
export async function getMeta(db: Kysely<Schema>, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

/** Keeps `value` under `key`, in place of what was there. */
export async function setMeta(tx: Kysely<Schema>, key: string, value: string): Promise<void> {
  await tx
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}
