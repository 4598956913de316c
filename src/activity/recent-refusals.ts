/** What was refused last, refusals of one kind as one: those who are refused often push nothing else out. */
import { inert } from '../inert.ts';
import { withoutTokens } from '../log.ts';
import type { Kind } from '../refusals.ts';

/** Texts are safe to show. */
export interface RefusalSum {
  /** Milliseconds since 1970, as the next. */
  readonly lastMs: number;
  readonly firstMs: number;
  readonly count: number;
  /** "call refused" */
  readonly what: string;
  /** What was called, or the way in that was tried; '' when neither was reached, and so on below. */
  readonly method: string;
  readonly reason: string;
  readonly login: string;
  readonly source: string;
}

const KINDS = 50;
/** Of a text that somebody else has chosen. */
const MOST_CHARACTERS = 128;

export class RecentRefusals {
  /** The latest last. */
  readonly #sums = new Map<string, RefusalSum>();

  add(what: string, kind: Kind, nowMs: number): void {
    const { method, reason, why, login, username, from } = kind;
    const texts = {
      what,
      method: shown(method),
      reason: shown(reason ?? why),
      login: shown(login ?? username),
      source: shown(from),
    };
    const key = JSON.stringify(texts);
    const before = this.#sums.get(key);
    this.#sums.delete(key);
    this.#sums.set(key, {
      ...texts,
      lastMs: nowMs,
      firstMs: before?.firstMs ?? nowMs,
      count: (before?.count ?? 0) + 1,
    });
    const [oldest] = this.#sums.keys();
    if (this.#sums.size > KINDS && oldest !== undefined) this.#sums.delete(oldest);
  }

  /** The latest first. */
  all(): RefusalSum[] {
    return [...this.#sums.values()].reverse();
  }
}

function shown(value: string | number | undefined): string {
  const text = String(value ?? '').slice(0, MOST_CHARACTERS + 1);
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return inert(withoutTokens(cut));
}
