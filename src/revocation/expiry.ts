/** Ends expired tokens as if they had been revoked, with everything that depends on them (F32). */
import type { Authority } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';

/** Number of tokens read from the store at once. */
const BATCH_SIZE = 1000;

export interface ExpiryOptions {
  readonly authority: Pick<Authority, 'expired'>;
  /** Returns true for a token that is already being ended. */
  readonly isEnding: (jti: string) => boolean;
  readonly end: (jtis: readonly string[]) => Promise<unknown>;
  readonly log: Pick<Log, 'error'>;
}

export class Expiry {
  readonly #options: ExpiryOptions;
  #sweeping: Promise<void> | undefined;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** Starts a sweep unless one is running. Resolves when all expired tokens are refused; never throws. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#sweeping = undefined;
      });
    return this.#sweeping;
  }

  /** Resolves when no sweep is running. */
  async settled(): Promise<void> {
    await this.#sweeping;
  }

  /** Does not wait until the tokens have ended: a slow one would delay the others. */
  async #sweep(): Promise<void> {
    let fresh: string[];
    do {
      const jtis = await this.#options.authority.expired(BATCH_SIZE);
      fresh = jtis.filter((jti) => !this.#options.isEnding(jti));
      if (fresh.length > 0) this.#options.end(fresh).catch((error: unknown) => this.#failed(error));
    } while (fresh.length === BATCH_SIZE);
  }

  #failed(error: unknown): void {
    this.#options.log.error({ err: error }, 'cannot end expired tokens');
  }
}
