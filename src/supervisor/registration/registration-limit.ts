/** Limits the registrations of one uid, and rejects a socket name that was used before. */
import { AppError, isAppError } from '../../errors.ts';
import { Slots } from '../../limits/slots.ts';

const MAX_CONCURRENT = 8;
const MAX_LINKS = 100;
const MAX_NAMES = 100_000;

export class RegistrationLimit {
  /** Registrations in progress, by uid. */
  readonly #inProgress = new Slots<number>(MAX_CONCURRENT, atMost(`${MAX_CONCURRENT} registrations at once`));
  /** Names used so far, oldest first. */
  readonly #names = new Set<string>();

  /**
   * Runs `work`, the registration of `name` by `uid`, which has `links` links already, including removed
   * ones whose processes may still run. Throws LIMIT_EXCEEDED, and LINK_REFUSED for a name that was used
   * before. After UNAVAILABLE the same name may be used again.
   */
  async run<T>(name: string, uid: number, links: number, work: () => Promise<T>): Promise<T> {
    using _ = this.#inProgress.take(uid);
    if (links + this.#inProgress.takenBy(uid) > MAX_LINKS)
      throw new AppError(
        'LIMIT_EXCEEDED',
        atMost(`${MAX_LINKS} links, including stopped ones that still run`),
      );
    this.#claim(name);
    try {
      return await work();
    } catch (error) {
      if (isAppError(error, 'UNAVAILABLE')) this.#names.delete(name);
      throw error;
    }
  }

  /** Records the name of a link that is known from before. */
  remember(name: string): void {
    this.#names.add(name);
    for (const oldest of this.#names) {
      if (this.#names.size <= MAX_NAMES) break;
      this.#names.delete(oldest);
    }
  }

  #claim(name: string): void {
    if (this.#names.has(name))
      throw new AppError('LINK_REFUSED', 'a socket with this name was registered before');
    this.remember(name);
  }
}

function atMost(what: string): string {
  return `a Linux user has at most ${what}`;
}
