/**
 * A link daemon for somebody who has just logged in over SSH (DESIGN 7.9). Our own program runs there in either
 * case: as link daemon, which counts when it has registered, or as a mere proof where the user has one or gets one
 * by sudo, which comes first (F19).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserEntry } from '../accounts/user-database.ts';
import { AppError, isAppError } from '../errors.ts';
import { accountProof } from '../link-protocol/account-proof.ts';
import type { Links } from '../supervisor/links.ts';
import { shellWords } from '../system/shell-words.ts';
import { refused } from './conversation.ts';
import type { Executed, SshConnection } from './ssh-connection.ts';

export interface LinkDaemonsOptions {
  readonly links: Pick<Links, 'daemonStarts' | 'expect' | 'takesStarts'>;
  /** The absolute path of our own program, as every account finds it. */
  readonly program: string;
  readonly runFolder: string;
}

type Connection = Pick<SshConnection, 'execute'>;

export class LinkDaemons {
  readonly #options: LinkDaemonsOptions;

  constructor(options: LinkDaemonsOptions) {
    this.#options = options;
  }

  /** Resolves when `user` has a link daemon that takes starts. Throws LOGIN_REFUSED, NOT_ELIGIBLE, UNAVAILABLE. */
  async ensure(user: UserEntry, connection: Connection): Promise<void> {
    const { links } = this.#options;
    const isProven = links.takesStarts(user) || links.daemonStarts.isPossible;
    if (isProven) await this.#prove(user, connection);
    if (isProven && links.takesStarts(user)) return;
    await links.daemonStarts.inTurn(user.name, async () => {
      // An account that sudo must not start, because it is locked say, is one that sshd has let in all the same.
      await links.daemonStarts.attempt(user).catch(unlessNotEligible);
      if (!links.takesStarts(user)) await this.#start(user, connection);
      else if (!isProven) await this.#prove(user, connection); // another login has started it meanwhile
    });
  }

  async #start(user: UserEntry, connection: Connection): Promise<void> {
    const { links } = this.#options;
    using _ = links.expect(user.uid);
    const executed = await connection.execute(this.#command('--daemon'));
    if (executed.status !== 0 || !links.takesStarts(user)) throw cannot(executed);
  }

  async #prove({ uid }: UserEntry, connection: Connection): Promise<void> {
    const nonce = randomBytes(16).toString('hex');
    const executed = await connection.execute(this.#command('--prove', nonce));
    const wanted = Buffer.from(accountProof(nonce, uid));
    const isShown = executed.stdout.split(/\s+/).some((word) => {
      const said = Buffer.from(word);
      return said.length === wanted.length && timingSafeEqual(said, wanted);
    });
    if (executed.status !== 0 || !isShown) throw cannot(executed);
  }

  #command(...words: readonly string[]): string {
    const { program, runFolder } = this.#options;
    return shellWords([program, 'link', ...words, '--run', runFolder]);
  }
}

function unlessNotEligible(error: unknown): void {
  if (!isAppError(error, 'NOT_ELIGIBLE')) throw error;
}

/** What sshd says instead of running anything (session.c), to somebody whose password it has taken. */
const EXPIRED = /password change required|password has expired/i;

function cannot({ status, stderr }: Executed): Error {
  if (EXPIRED.test(stderr))
    return new AppError('NOT_ELIGIBLE', 'the password has expired; change it on the host, then log in again');
  return refused(`the account cannot run our program: status ${status ?? 'unknown'}, ${stderr.trim()}`);
}
