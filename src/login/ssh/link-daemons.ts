/**
 * Provides a link daemon to a user who has just logged in over SSH (DESIGN 7.9). In any case Latchkey's
 * own program runs over that connection and shows that the account can run it; as a link daemon as well,
 * when the user has none and gets none by sudo, which is preferred (F19).
 */
import { randomBytes } from 'node:crypto';
import type { UserEntry } from '../../accounts/user-database.ts';
import { inert } from '../../inert.ts';
import { accountProof } from '../../link-protocol/account-proof.ts';
import type { Links } from '../../supervisor/links.ts';
import { shellWords } from '../../system/shell-words.ts';
import type { Executed } from './connection/program-run.ts';
import type { SshConnection } from './connection/ssh-connection.ts';
import { Ended } from './ended.ts';
import { nologinText } from './nologin.ts';

export interface LinkDaemonsOptions {
  readonly links: Pick<Links, 'ensureDaemon' | 'startsDaemons' | 'hasFreshDaemon' | 'acceptingDaemon'>;
  /** Absolute path of Latchkey's program, the same for every account. */
  readonly program: string;
  readonly runFolder: string;
}

/** Time for the program to end in order after its proof, and for what the account runs behind it. */
const LINGER_MS = 500;

type Connection = Pick<SshConnection, 'execute'>;

export class LinkDaemons {
  readonly #options: LinkDaemonsOptions;

  constructor(options: LinkDaemonsOptions) {
    this.#options = options;
  }

  /** Resolves when `user` has a link daemon that has what this login gets. Throws Ended, UNAVAILABLE. */
  async ensure(user: UserEntry, connection: Connection): Promise<void> {
    const { links } = this.#options;
    const isElsewhere = links.startsDaemons || (await links.hasFreshDaemon(user));
    if (isElsewhere) await this.#prove(user, connection);
    const hasRun = await links.ensureDaemon(user, () => this.#start(user, connection));
    if (!isElsewhere && !hasRun) await this.#prove(user, connection); // another login started one meanwhile
  }

  /** Starts a link daemon and proves the account, in one session: PAM may take its time to open each. */
  async #start(user: UserEntry, connection: Connection): Promise<void> {
    const { links } = this.#options;
    const before = links.acceptingDaemon(user)?.info.socket;
    const executed = await this.#run(user, connection, ['--daemon']);
    const started = links.acceptingDaemon(user)?.info.socket;
    if (started === undefined || started === before) throw unusable(user, executed);
  }

  async #prove(user: UserEntry, connection: Connection): Promise<void> {
    await this.#run(user, connection, []);
  }

  /** Runs Latchkey's program. Throws Ended when it does not show the account's proof. */
  async #run(user: UserEntry, connection: Connection, words: readonly string[]): Promise<Executed> {
    const { program, runFolder } = this.#options;
    const nonce = randomBytes(16).toString('hex');
    const command = shellWords([program, 'link', ...words, '--prove', nonce, '--run', runFolder]);
    const wanted = accountProof(nonce, user.uid);
    const isProofAll = words.length === 0;
    const executed = await connection.execute(command, {
      wanted,
      ...(isProofAll && { lingerMs: LINGER_MS }),
    });
    if (!executed.isShown) throw unusable(user, executed);
    return executed;
  }
}

/** The message of sshd when the password must be changed before a command can run (session.c). */
const EXPIRED = /password change required|password has expired/i;
const MAX_TEXT_LENGTH = 300;

function unusable({ name: account }: UserEntry, { status, stdout, stderr }: Executed): Ended {
  if (EXPIRED.test(stderr)) return new Ended({ kind: 'expired' });
  const closed = nologinText(stderr); // an sshd without PAM shows it in place of the command
  if (closed !== undefined) return new Ended({ kind: 'closed', text: inert(closed) });
  const text = inert((tellingLine(stderr) || tellingLine(stdout)).slice(0, MAX_TEXT_LENGTH));
  return new Ended({ kind: 'unusable', account, status, text });
}

/** Returns the last line, or the one that V8 prints before a stack trace without memory (ulimit -v). */
function tellingLine(text: string): string {
  const lines = text.trimEnd().split('\n');
  const fatal = lines.find((line) => line.startsWith('# Fatal'))?.slice(2);
  return (fatal ?? lines.at(-1) ?? '').trim();
}
