/**
 * The latest refusals. Refusals of one kind share an entry, so that a client refused often pushes out no
 * others.
 */
import { inert } from '../inert.ts';
import { withoutTokens } from '../log/log.ts';
import type { RefusalKind, RefusalMessage } from '../log/refusal-log.ts';

/** Refusals of one kind. All texts are safe to show. */
export interface RefusalSum {
  /** The last and the first of them, in milliseconds since 1970. */
  readonly lastMs: number;
  readonly firstMs: number;
  readonly count: number;
  /** Message as in the log. */
  readonly message: RefusalMessage;
  /** Name of the method or login method; '' when it is unknown. So are the following. */
  readonly method: string;
  /** Reason that the client was told. */
  readonly reason: string;
  /** Cause of a refused login. */
  readonly cause: string;
  readonly login: string;
  readonly source: string;
}

const MAX_KINDS = 50;
/** Longest text kept that a client has chosen, in characters. */
const MAX_TEXT_LENGTH = 128;

export class RecentRefusals {
  /** The newest last. */
  readonly #sums = new Map<string, RefusalSum>();

  add(message: RefusalMessage, kind: RefusalKind, nowMs: number): void {
    const { method = '', reason, why, login, from = '', source = from } = kind;
    const texts = [method, reason ?? '', why ?? '', login ?? '', source].map(cut);
    const key = JSON.stringify([message, ...texts]);
    const before = this.#sums.get(key) ?? { ...toSum(message, texts), firstMs: nowMs, count: 0 };
    this.#sums.delete(key);
    this.#sums.set(key, { ...before, lastMs: nowMs, count: before.count + 1 });
    if (this.#sums.size > MAX_KINDS) this.#dropOldest();
  }

  /** Returns the refusals, newest first. */
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
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}

/** Sanitises the texts, once for each kind: it takes longer than everything else. */
function toSum(
  message: RefusalMessage,
  texts: readonly string[],
): Omit<RefusalSum, 'firstMs' | 'lastMs' | 'count'> {
  const [method = '', reason = '', cause = '', login = '', source = ''] = texts.map((text) =>
    inert(withoutTokens(text)),
  );
  return { message, method, reason, cause, login, source };
}
