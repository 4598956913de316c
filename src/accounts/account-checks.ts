/**
 * Looks at accounts as they are now (X10): an account that is gone, has another uid, is locked, has expired
 * or has no login shell starts no program, also through a link that was started before.
 *
 * A directory that is down finds no account. An account that only cannot be found therefore starts nothing,
 * but loses its logins only when it was in /etc/passwd before, or when the next check does not find it
 * either.
 */
import { readFile } from 'node:fs/promises';
import { chunksOf } from '../async/chunks-of.ts';
import { AppError } from '../errors.ts';
import { checkEligible, type EligibleSettings } from './eligible.ts';
import { shadowProblems } from './shadow.ts';
import { type UserEntry, userByUid, usersByName } from './user-database.ts';

/** An account that a token or a link is bound to. */
export type BoundUser = Pick<UserEntry, 'name' | 'uid'>;

/** An account that may start nothing. */
export interface IneligibleUser extends BoundUser {
  readonly why: string;
  /** False while it only cannot be found. */
  readonly isFinal: boolean;
}

export interface AccountChecksOptions {
  readonly settings: () => { readonly eligible: EligibleSettings };
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
}

/** One query for several users. */
interface Query {
  readonly users: BoundUser[];
  readonly problems: Promise<readonly IneligibleUser[]>;
}

const AT_ONCE = 200;
const PASSWD = '/etc/passwd';

export class AccountChecks {
  readonly #options: AccountChecksOptions;
  /** Names that were in /etc/passwd at the last check of all. */
  #local: ReadonlySet<string> = new Set();
  /** Accounts that the last check of all did not find. */
  #missing: ReadonlySet<string> = new Set();

  /** The query that has not begun. */
  #next: Query | undefined;
  /** Resolves when the last query has ended. */
  #queried: Promise<void> = Promise.resolve();

  constructor(options: AccountChecksOptions) {
    this.#options = options;
  }

  /**
   * Throws NOT_ELIGIBLE with the reason for an account that may start nothing now, and UNAVAILABLE. Calls
   * that come during a query share the next one, so that many starts at once need few.
   */
  async check(user: BoundUser): Promise<void> {
    this.#next ??= this.#query();
    this.#next.users.push(user);
    const problem = (await this.#next.problems).find(
      ({ name, uid }) => name === user.name && uid === user.uid,
    );
    if (problem === undefined) return;
    const message = `account ${JSON.stringify(user.name)} may not start programs: ${problem.why}`;
    throw new AppError('NOT_ELIGIBLE', message);
  }

  /** Returns those of the accounts that may start nothing now. Throws UNAVAILABLE. */
  async checkAll(users: readonly BoundUser[]): Promise<IneligibleUser[]> {
    const found: IneligibleUser[] = [];
    for (const some of chunksOf(users, AT_ONCE)) found.push(...(await this.#problemsOf(some)));
    this.#missing = new Set(found.filter(({ isFinal }) => !isFinal).map(({ name }) => name));
    this.#local = await localNames();
    return found;
  }

  /** Returns a query that begins once the previous one has ended, for the users that are added until then. */
  #query(): Query {
    const users: BoundUser[] = [];
    const problems = this.#queried.then(() => {
      this.#next = undefined;
      return this.#problemsOf(users);
    });
    this.#queried = problems.then(
      () => undefined,
      () => undefined,
    );
    return { users, problems };
  }

  async #problemsOf(users: readonly BoundUser[]): Promise<IneligibleUser[]> {
    const names = [...new Set(users.map(({ name }) => name))];
    const [entries, locked] = await Promise.all([
      usersByName(names),
      shadowProblems(names, this.#options.now()),
    ]);
    const checked = users.map(async (user): Promise<IneligibleUser | undefined> => {
      const entry = entries.get(user.name);
      if (entry === undefined) return this.#missingUser(user);
      const why = this.#problemOf(entry, user.uid) ?? locked.get(user.name);
      return why === undefined ? undefined : { ...user, why, isFinal: true };
    });
    return (await Promise.all(checked)).filter((problem) => problem !== undefined);
  }

  #problemOf(entry: UserEntry, uid: number): string | undefined {
    if (entry.uid !== uid) return `it has uid ${entry.uid} now, and had ${uid}`;
    try {
      checkEligible(entry, this.#options.settings().eligible);
      return undefined;
    } catch (error) {
      if (error instanceof AppError) return String(error.details.why ?? error.message);
      throw error;
    }
  }

  async #missingUser(user: BoundUser): Promise<IneligibleUser> {
    const other = await userByUid(user.uid);
    const why = other === undefined ? 'it does not exist' : `its uid belongs to ${other.name} now`;
    const isFinal = other !== undefined || this.#local.has(user.name) || this.#missing.has(user.name);
    return { ...user, why, isFinal };
  }
}

async function localNames(): Promise<Set<string>> {
  const text = await readFile(PASSWD, 'utf8').catch(() => '');
  return new Set(text.split('\n').map((line) => line.slice(0, line.indexOf(':'))));
}
