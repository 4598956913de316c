/** Ends tokens whose time is over as if they had been revoked, with all that hangs on them (F32). */
import type { Authority } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';

/** Tokens that are read from the store at once. */
const MOST = 1000;

export interface ExpiryOptions {
  readonly authority: Pick<Authority, 'expired'>;
  /** True for a token that is being ended already. */
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

  /** Looks for such tokens, unless it is still at it. Settles when all have been refused; throws nothing. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#sweeping = undefined;
      });
    return this.#sweeping;
  }

  /** Settles when no sweep is under way. */
  async settled(): Promise<void> {
    await this.#sweeping;
  }

  /** Does not wait for what is slow to end: that would keep others. */
  async #sweep(): Promise<void> {
    let fresh: string[];
    do {
      const jtis = await this.#options.authority.expired(MOST);
      fresh = jtis.filter((jti) => !this.#options.isEnding(jti));
      if (fresh.length > 0) this.#options.end(fresh).catch((error: unknown) => this.#failed(error));
    } while (fresh.length === MOST);
  }

  #failed(error: unknown): void {
    this.#options.log.error({ err: error }, 'expired tokens could not be ended');
  }
}
