/**
 * The places from which somebody has logged in, at most ten for each login and none that has not been used
 * for 90 days. From there a login is possible even while strangers have used up the budgets; failures then
 * use a small reserve of the place's own.
 */
import type { KnownPlaceRow } from '../../store/schema.ts';
import { DAY_MS } from './debts.ts';
import type { LoginKey } from './login-key.ts';

/** Failures that the reserve of one place allows at once, and that are restored within a day. */
const RESERVE = 10;
const INTERVAL_MS = DAY_MS / RESERVE;
const MAX_PLACES = 10;
export const KNOWN_FOR_MS = 90 * DAY_MS;

/** Times are milliseconds since 1970. */
interface Place {
  readonly lastMs: number;
  /** When the whole reserve is available again. */
  readonly emptyMs: number;
}

export class KnownPlaces {
  /** By login and source, those used last at the end. */
  readonly #logins = new Map<string, Map<string, Place>>();

  constructor(rows: readonly KnownPlaceRow[]) {
    for (const { login, source, last_at, empty_at } of rows)
      this.#set({ login, source }, { lastMs: Number(last_at), emptyMs: Number(empty_at) });
  }

  /** Returns true when `login` has logged in from `source`, and `underWay` more failures fit the reserve. */
  allows(key: LoginKey, underWay: number, wallMs: number): boolean {
    const place = this.#get(key, wallMs);
    if (place === undefined) return false;
    const owedMs = place.emptyMs - wallMs;
    const used = owedMs > DAY_MS ? 0 : Math.max(0, owedMs) / INTERVAL_MS; // the clock was set back
    return used + underWay <= RESERVE - 1;
  }

  /** Counts a failure that used the reserve. Returns the row to store, if the place is known. */
  failed(key: LoginKey, wallMs: number): KnownPlaceRow | undefined {
    const place = this.#get(key, wallMs);
    if (place === undefined) return undefined;
    const owedMs = Math.min(Math.max(place.emptyMs - wallMs, 0) + INTERVAL_MS, DAY_MS);
    return this.#set(key, { ...place, emptyMs: wallMs + owedMs });
  }

  /** Remembers a success. Returns the row to store, and the place that was dropped for it. */
  succeeded(key: LoginKey, wallMs: number): { row: KnownPlaceRow; dropped: LoginKey | undefined } {
    const row = this.#set(key, { emptyMs: this.#get(key, wallMs)?.emptyMs ?? wallMs, lastMs: wallMs });
    const places = this.#logins.get(key.login);
    const [oldest] = places !== undefined && places.size > MAX_PLACES ? places.keys() : [];
    if (oldest === undefined) return { row, dropped: undefined };
    places?.delete(oldest);
    return { row, dropped: { login: key.login, source: oldest } };
  }

  #get({ login, source }: LoginKey, wallMs: number): Place | undefined {
    const place = this.#logins.get(login)?.get(source);
    return place !== undefined && place.lastMs > wallMs - KNOWN_FOR_MS ? place : undefined;
  }

  #set({ login, source }: LoginKey, { lastMs, emptyMs }: Place): KnownPlaceRow {
    const places = this.#logins.get(login) ?? new Map<string, Place>();
    this.#logins.set(login, places);
    const isUsedNow = places.get(source)?.lastMs !== lastMs;
    if (isUsedNow) places.delete(source);
    places.set(source, { lastMs, emptyMs });
    return { login, source, last_at: lastMs, empty_at: Math.ceil(emptyMs) };
  }
}
