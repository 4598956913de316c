/** Waits between attempts during an outage, and decides when to give up. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AppError, Reason } from '../../errors.ts';

export type RetryProgress =
  | { readonly kind: 'lost'; readonly error: AppError }
  | { readonly kind: 'reconnected' };

export interface RetryOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RetryProgress) => void;
  /** Time to retry, in milliseconds; 60 seconds by default. */
  readonly giveUpMs?: number;
}

const GIVE_UP_MS = 60_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** Errors that a retry may fix. */
const RETRYABLE: ReadonlySet<Reason> = new Set<Reason>([
  'UNREACHABLE',
  'UNAVAILABLE',
  'LINK_LOST',
  'STORE_UNAVAILABLE',
  'INTERNAL', // a server that is shutting down
]);

export class Retry {
  readonly #options: RetryOptions;
  #sinceMs: number | undefined;
  #waitMs = FIRST_WAIT_MS;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** Waits before the next attempt. Throws `error` when a retry cannot fix it, or has not for too long. */
  async wait(error: AppError): Promise<void> {
    const { signal, giveUpMs = GIVE_UP_MS, onProgress } = this.#options;
    if (!RETRYABLE.has(error.reason)) throw error;
    if (this.#sinceMs === undefined) onProgress?.({ kind: 'lost', error });
    this.#sinceMs ??= performance.now();
    if (performance.now() - this.#sinceMs > giveUpMs) throw error;
    await delay(this.#waitMs, undefined, signal && { signal }).catch(() => {});
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }

  /** Called when an attempt has succeeded. */
  succeeded(): void {
    if (this.#sinceMs !== undefined) this.#options.onProgress?.({ kind: 'reconnected' });
    this.#sinceMs = undefined;
    this.#waitMs = FIRST_WAIT_MS;
  }
}
