/** Bounds what one uid can make the daemon do by registering, and lets no name of a socket serve twice. */
import { AppError, isAppError } from '../../errors.ts';
import { Slots } from '../../limits/slots.ts';

const AT_ONCE = 8;
const LINKS_OF_ONE_UID = 100;
const NAMES_REMEMBERED = 100_000;

export class RegistrationLimit {
  /** By uid. */
  readonly #underWay = new Slots<number>(AT_ONCE, atMost(`${AT_ONCE} registrations at once`));
  /** Oldest first. */
  readonly #names = new Set<string>();

  /**
   * Runs `work`, a registration of `name` by `uid`, who has `links` already. Throws LIMIT_EXCEEDED, and
   * LINK_REFUSED for a name that was registered before. What was UNAVAILABLE may be tried again.
   */
  async run<T>(name: string, uid: number, links: number, work: () => Promise<T>): Promise<T> {
    using _ = this.#underWay.take(uid);
    if (links >= LINKS_OF_ONE_UID) throw new AppError('LIMIT_EXCEEDED', atMost(`${LINKS_OF_ONE_UID} links`));
    this.#use(name);
    try {
      return await work();
    } catch (error) {
      if (isAppError(error, 'UNAVAILABLE')) this.#names.delete(name);
      throw error;
    }
  }

  /** Marks the name of a link that is known from before. */
  remember(name: string): void {
    this.#names.add(name);
    for (const oldest of this.#names) {
      if (this.#names.size <= NAMES_REMEMBERED) break;
      this.#names.delete(oldest);
    }
  }

  #use(name: string): void {
    if (this.#names.has(name))
      throw new AppError('LINK_REFUSED', 'a socket with this name was registered before');
    this.remember(name);
  }
}

function atMost(what: string): string {
  return `a Linux user has at most ${what}`;
}
