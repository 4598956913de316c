/**
 * Refusals in the log: the first of its kind at once, then one line a minute with the number of the
 * others, so that whoever is refused cannot fill a disk. A minute without one, and the next is a first one again.
 */
import type { Log } from './log.ts';

/** What refusals have in common that are counted together. */
export type RefusalKind = Readonly<Record<string, string | number | undefined>>;

interface Sum {
  readonly message: string;
  readonly kind: RefusalKind;
  /** Since the last line. */
  more: number;
}

export interface RefusalLogOptions {
  readonly everyMs?: number;
  /** Is told of each at once. */
  readonly heard?: (message: string, kind: RefusalKind) => void;
  /** Kinds told apart at a time; the rest is one kind for each message. */
  readonly kinds?: number;
}

const MINUTE_MS = 60_000;
const KINDS = 1000;

export class RefusalLog implements Disposable {
  readonly #log: Pick<Log, 'debug' | 'warn'>;
  readonly #options: RefusalLogOptions;
  readonly #sums = new Map<string, Sum>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Pick<Log, 'debug' | 'warn'>, options: RefusalLogOptions = {}) {
    this.#log = log;
    this.#options = options;
  }

  /** `details` are told of the first alone, and of each where the log takes everything. */
  tell(message: string, kind: RefusalKind, details: object): void {
    this.#options.heard?.(message, kind);
    const sum = this.#sumOf(message, kind);
    const isFirst = sum.more === 0 && !this.#sums.has(keyOf(sum));
    if (isFirst) this.#sums.set(keyOf(sum), sum);
    else sum.more += 1;
    this.#log[isFirst ? 'warn' : 'debug']({ ...kind, ...details }, message);
    this.#timer ??= setInterval(() => this.#sumUp(), this.#options.everyMs ?? MINUTE_MS).unref();
  }

  /** The sum that counts this one: one that there is, a new one, or that of all the rest. */
  #sumOf(message: string, kind: RefusalKind): Sum {
    const sum: Sum = { message, kind, more: 0 };
    const known = this.#sums.get(keyOf(sum));
    if (known !== undefined) return known;
    if (this.#sums.size < (this.#options.kinds ?? KINDS)) return sum;
    const rest: Sum = { message, kind: { others: 'of many kinds' }, more: 0 };
    return this.#sums.get(keyOf(rest)) ?? rest;
  }

  #sumUp(): void {
    for (const [key, sum] of this.#sums) {
      if (sum.more === 0) this.#sums.delete(key);
      else this.#log.warn({ ...sum.kind, more: sum.more }, `${sum.message}, in sum`);
      sum.more = 0;
    }
    if (this.#sums.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Tells what has not been told yet. */
  [Symbol.dispose](): void {
    this.#sumUp();
    this.#sums.clear();
    clearInterval(this.#timer);
  }
}

function keyOf({ message, kind }: Sum): string {
  return JSON.stringify([message, kind]);
}
