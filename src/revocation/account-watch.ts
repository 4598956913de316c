/** Ends the logins of accounts that may start nothing any more, every minute and at each reload (X10). */
import type { AccountChecks, IneligibleUser } from '../accounts/account-checks.ts';
import type { Authority } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';
import type { Receipt } from './receipt.ts';

export interface AccountWatchOptions {
  readonly accounts: Pick<AccountChecks, 'checkAll'>;
  readonly authority: Pick<Authority, 'linuxUsers' | 'idsOfUser'>;
  readonly end: (jtis: readonly string[]) => Promise<Receipt>;
  /** Returns the running sessions of a Linux user. */
  readonly runningOf: (linuxUser: string) => Promise<readonly { readonly id: string }[]>;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

const MINUTE_MS = 60_000;

export class AccountWatch implements Disposable {
  readonly #options: AccountWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;

  constructor(options: AccountWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), MINUTE_MS).unref();
  }

  /** Looks at all accounts, unless that is under way. Never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  /** Resolves when no check is under way. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { accounts, authority } = this.#options;
    const found = await accounts.checkAll(await authority.linuxUsers());
    for (const user of found)
      if (user.isFinal) await this.#end(user).catch((error: unknown) => this.#failed(error));
  }

  async #end({ name, uid, why }: IneligibleUser): Promise<void> {
    const { authority, end, runningOf, log } = this.#options;
    const { jtis, links } = await end(await authority.idsOfUser({ name, uid }));
    const left = await runningOf(name);
    const still = left.map(({ id }) => id);
    log.warn(
      { event: 'account', linuxUser: name, uid, why, jtis, links, running: still },
      'an account may start nothing any more; its logins were ended',
    );
  }

  #failed(error: unknown): void {
    this.#options.log.error({ err: error }, 'cannot check the accounts of logins, or end them');
  }
}
