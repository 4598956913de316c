/**
 * Failed logins and known places in the store. Rows have times of the clock of the host, which may have been
 * set meanwhile: what is left of a budget or a wait is never more than it was.
 */
import type { FailedLoginsRow, KnownPlaceRow } from '../../store/schema.ts';
import type { Store } from '../../store/store.ts';
import {
  allFailedLogins,
  deleteFailedLogins,
  deleteFailedLoginsUntil,
  upsertFailedLogins,
} from '../../store/tables/failed-logins.ts';
import {
  allKnownPlaces,
  deleteKnownPlace,
  deleteKnownPlacesUntil,
  upsertKnownPlace,
} from '../../store/tables/known-places.ts';
import { countsUntil, type Debt } from './debts.ts';
import { KNOWN_FOR_MS } from './known-places.ts';
import type { LoginKey } from './login-key.ts';

export interface ThrottleRowsOptions {
  readonly store: Pick<Store, 'read' | 'commit'>;
  readonly log: { warn(fields: object, message: string): void };
  /** Monotonic clock in milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
}

/** Changes made by one login. */
export interface Changes {
  readonly debts: readonly (LoginKey & { readonly debt: Debt })[];
  readonly droppedDebts: readonly LoginKey[];
  readonly place?: KnownPlaceRow | undefined;
  readonly droppedPlace?: LoginKey | undefined;
}

export class ThrottleRows {
  readonly #options: ThrottleRowsOptions;

  constructor(options: ThrottleRowsOptions) {
    this.#options = options;
  }

  /** Returns what failed logins cost, in order of their expiry. Throws STORE_UNAVAILABLE. */
  async debts(): Promise<(LoginKey & { debt: Debt })[]> {
    const { store, nowMs, wallMs } = this.#options;
    const now = nowMs();
    const wall = wallMs();
    const rows = await store.read(allFailedLogins);
    return rows.map(({ login, source, streak, last_at, empty_at }) => {
      const lastMs = now + Math.min(Number(last_at) - wall, 0); // later than now when the clock was set back
      const emptyMs = lastMs + Number(empty_at) - Number(last_at);
      return { login, source, debt: { streak: Number(streak), lastMs, emptyMs } };
    });
  }

  /** Returns the known places, the longest unused first. Throws STORE_UNAVAILABLE. */
  knownPlaces(): Promise<KnownPlaceRow[]> {
    return this.#options.store.read(allKnownPlaces);
  }

  /** Resolves when the changes are stored, or the failure to store them is logged. */
  async save({ debts, droppedDebts, place, droppedPlace }: Changes): Promise<void> {
    const { store, log, wallMs } = this.#options;
    const wall = wallMs();
    const rows = debts.map((one) => this.#rowOf(one, wall));
    const saved = store.commit(async (tx) => {
      for (const key of droppedDebts) await deleteFailedLogins(tx, key);
      for (const row of rows) await upsertFailedLogins(tx, row);
      await deleteFailedLoginsUntil(tx, wall);
      if (place !== undefined) await upsertKnownPlace(tx, place);
      if (droppedPlace !== undefined) await deleteKnownPlace(tx, droppedPlace);
      await deleteKnownPlacesUntil(tx, wall - KNOWN_FOR_MS);
    });
    await saved.catch((error: unknown) =>
      log.warn({ err: error }, 'a failed login could not be stored; a restart forgets it'),
    );
  }

  #rowOf({ login, source, debt }: LoginKey & { debt: Debt }, wall: number): FailedLoginsRow {
    const offset = wall - this.#options.nowMs();
    return {
      login,
      source,
      streak: debt.streak,
      last_at: Math.ceil(debt.lastMs + offset),
      empty_at: Math.ceil(debt.emptyMs + offset),
      until: Math.ceil(countsUntil(debt) + offset),
    };
  }
}
