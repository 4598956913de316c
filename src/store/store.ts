import type { Db } from './schema.ts';

/** A transactional store of rows, independent of the database behind it. */
export interface Store extends AsyncDisposable {
  /**
   * Runs `work` on committed data, including all commits requested before that succeeded. `work` awaits
   * nothing but its own queries, and starts no other read or commit. Throws STORE_UNAVAILABLE.
   */
  read<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction; resolves once it is durable. It may share the transaction with other
   * work, but fails alone when it throws. `work` awaits nothing but its own queries, starts no other read
   * or commit, and may run twice, so only its return value counts. Throws what `work` throws, and
   * STORE_UNAVAILABLE when nothing was stored.
   */
  commit<T>(work: (tx: Db) => Promise<T>, options?: CommitOptions): Promise<T>;
}

export interface CommitOptions {
  /** True for urgent work, such as revocations: succeeds even on a full disk, by using the reserve. */
  readonly isUrgent?: boolean;
}
