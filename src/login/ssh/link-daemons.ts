/**
 * Provides a link daemon to a user who has just logged in over SSH (DESIGN 7.9). In any case Latchkey's
 * own program runs over that connection: as a link daemon, which must then register, or with --prove,
 * when the user already has one or gets one by sudo, which is preferred (F19).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserEntry } from '../../accounts/user-database.ts';
import { accountProof } from '../../link-protocol/account-proof.ts';
import type { Links } from '../../supervisor/links.ts';
import { shellWords } from '../../system/shell-words.ts';
import { Ended, refused } from './ended.ts';
import type { Executed, SshConnection } from './ssh-connection.ts';

export interface LinkDaemonsOptions {
  readonly links: Pick<Links, 'ensureDaemon' | 'startsDaemons' | 'acceptsStarts'>;
  /** Absolute path of Latchkey's program, the same for every account. */
  readonly program: string;
  readonly runFolder: string;
}

type Connection = Pick<SshConnection, 'execute'>;

export class LinkDaemons {
  readonly #options: LinkDaemonsOptions;

  constructor(options: LinkDaemonsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when `user` has a link daemon that accepts starts. Throws LOGIN_REFUSED, NOT_ELIGIBLE,
   * UNAVAILABLE.
   */
  async ensure(user: UserEntry, connection: Connection): Promise<void> {
    const { links } = this.#options;
    const isProven = links.acceptsStarts(user) || links.startsDaemons;
    if (isProven) await this.#prove(user, connection);
    if (isProven && links.acceptsStarts(user)) return;
    const hasRun = await links.ensureDaemon(user, () => this.#start(user, connection));
    if (!isProven && !hasRun) await this.#prove(user, connection); // another login has started one meanwhile
  }

  async #start(user: UserEntry, connection: Connection): Promise<void> {
    const { links } = this.#options;
    const executed = await connection.execute(this.#command('--daemon'));
    if (executed.status !== 0 || !links.acceptsStarts(user)) throw notProven(executed);
  }

  async #prove({ uid }: UserEntry, connection: Connection): Promise<void> {
    const nonce = randomBytes(16).toString('hex');
    const executed = await connection.execute(this.#command('--prove', nonce));
    const wanted = Buffer.from(accountProof(nonce, uid));
    const isShown = executed.stdout.split(/\s+/).some((word) => {
      const shown = Buffer.from(word);
      return shown.length === wanted.length && timingSafeEqual(shown, wanted);
    });
    if (executed.status !== 0 || !isShown) throw notProven(executed);
  }

  #command(...words: readonly string[]): string {
    const { program, runFolder } = this.#options;
    return shellWords([program, 'link', ...words, '--run', runFolder]);
  }
}

/** The message of sshd when the password must be changed before a command can run (session.c). */
const EXPIRED = /password change required|password has expired/i;

function notProven({ status, stderr }: Executed): Error {
  if (EXPIRED.test(stderr)) return new Ended({ kind: 'expired' });
  return refused(`the account cannot run latchkey: status ${status ?? 'unknown'}, ${stderr.trim()}`);
}
