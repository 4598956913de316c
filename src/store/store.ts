import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

/** Where rows are kept, whichever database is behind it. */
export interface Store extends AsyncDisposable {
  /**
   * Reads what is committed, with all that was asked for before and did not fail. `work` awaits
   * nothing but its queries, and asks for no other read or commit. Throws STORE_UNAVAILABLE.
   */
  read<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
  /**
   * Does `work` in a transaction and settles when that is durable. It may share the transaction
   * with others' work, and still fails alone when it throws. `work` awaits nothing but its queries,
   * asks for no other read or commit, and may run twice: only its return value says what was done.
   * Throws what `work` throws, and STORE_UNAVAILABLE when nothing could be kept.
   */
  commit<T>(work: (tx: Kysely<Schema>) => Promise<T>, options?: CommitOptions): Promise<T>;
}

export interface CommitOptions {
  /** Succeeds on a full disk too, from room kept for that. For what takes away: revocations. */
  readonly mustFit?: boolean;
}
