/** What was refused last, refusals of one kind as one: those who are refused often push nothing else out. */
import { inert } from '../inert.ts';
import { withoutTokens } from '../log/log.ts';
import type { RefusalKind } from '../log/refusal-log.ts';

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

  add(what: string, kind: RefusalKind, nowMs: number): void {
    const { method = '', reason, why, login, username, from = '' } = kind;
    const texts = [method, reason ?? why ?? '', login ?? username ?? '', from].map(cut);
    const key = [what, ...texts].join('\0');
    const before = this.#sums.get(key) ?? { ...toSum(what, texts), firstMs: nowMs, count: 0 };
    this.#sums.delete(key);
    this.#sums.set(key, { ...before, lastMs: nowMs, count: before.count + 1 });
    if (this.#sums.size > KINDS) this.#dropOldest();
  }

  /** The latest first. */
  all(): RefusalSum[] {
    return [...this.#sums.values()].reverse();
  }

  #dropOldest(): void {
    const { value } = this.#sums.keys().next();
    if (value !== undefined) this.#sums.delete(value);
  }
}

function cut(value: string | number): string {
  const text = String(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** Once for each kind: it takes longer than all the rest. */
function toSum(
  what: string,
  texts: readonly string[],
): Pick<RefusalSum, 'what' | 'method' | 'reason' | 'login' | 'source'> {
  const [method = '', reason = '', login = '', source = ''] = texts.map((text) => inert(withoutTokens(text)));
  return { what, method, reason, login, source };
}
