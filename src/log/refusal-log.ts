/**
 * Logs refused requests: the first of a kind at once, then one line a minute with the number of further
 * ones, so that refused clients cannot fill the disk. After a minute without any, the next one counts as
 * the first again.
 */
import type { Log } from './log.ts';

/** The message of a refusal in the log. */
export type RefusalMessage = `${'call' | 'login' | 'connection' | 'handshake'} refused`;

/** The properties by which refusals are counted together. */
export type RefusalKind = Readonly<Record<string, string | number | undefined>>;

interface Counter {
  readonly message: RefusalMessage;
  readonly kind: RefusalKind;
  /** Number of refusals since the last line. */
  more: number;
}

export interface RefusalLogOptions {
  readonly everyMs?: number;
  /** Called for each refusal at once. */
  readonly onRefusal?: (message: RefusalMessage, kind: RefusalKind) => void;
  /** Largest number of kinds counted separately; all others are one kind for each message. */
  readonly maxKinds?: number;
}

const MINUTE_MS = 60_000;
const MAX_KINDS = 1000;

export class RefusalLog implements Disposable {
  readonly #log: Pick<Log, 'debug' | 'warn'>;
  readonly #options: RefusalLogOptions;
  readonly #counters = new Map<string, Counter>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Pick<Log, 'debug' | 'warn'>, options: RefusalLogOptions = {}) {
    this.#log = log;
    this.#options = options;
  }

  /** Logs one refusal. `details` are logged for the first of a kind, and for each at level debug. */
  add(message: RefusalMessage, kind: RefusalKind, details: object): void {
    this.#options.onRefusal?.(message, kind);
    const counter = this.#counterOf(message, kind);
    const isFirst = counter.more === 0 && !this.#counters.has(keyOf(counter));
    if (isFirst) this.#counters.set(keyOf(counter), counter);
    else counter.more += 1;
    this.#log[isFirst ? 'warn' : 'debug']({ ...kind, ...details }, message);
    this.#timer ??= setInterval(() => this.#logSums(), this.#options.everyMs ?? MINUTE_MS).unref();
  }

  /** Logs each of some refusals that are limited in number by other means. */
  addEach(message: RefusalMessage, kind: RefusalKind, details: object): void {
    this.#options.onRefusal?.(message, kind);
    this.#log.warn({ ...kind, ...details }, message);
  }

  /** Returns the counter for this refusal: an existing one, a new one, or the one for all further kinds. */
  #counterOf(message: RefusalMessage, kind: RefusalKind): Counter {
    const counter: Counter = { message, kind, more: 0 };
    const known = this.#counters.get(keyOf(counter));
    if (known !== undefined) return known;
    if (this.#counters.size < (this.#options.maxKinds ?? MAX_KINDS)) return counter;
    const rest: Counter = { message, kind: { others: 'of other kinds' }, more: 0 };
    return this.#counters.get(keyOf(rest)) ?? rest;
  }

  #logSums(): void {
    for (const [key, counter] of this.#counters) {
      if (counter.more === 0) this.#counters.delete(key);
      else this.#log.warn({ ...counter.kind, more: counter.more }, `${counter.message}, repeated`);
      counter.more = 0;
    }
    if (this.#counters.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Logs the counts that have not been logged yet. */
  [Symbol.dispose](): void {
    this.#logSums();
    this.#counters.clear();
    clearInterval(this.#timer);
  }
}

function keyOf({ message, kind }: Counter): string {
  return JSON.stringify([message, kind]);
}
