/**
 * Looks at accounts as they are now (X10): an account that is gone, has another uid, is locked, has expired
 * or has no login shell starts no program, also through a link that was started before; others start them
 * with what their logins get now.
 *
 * A directory that is down finds no account, or does not answer. An account that only cannot be found
 * therefore starts nothing, but loses its logins only when it was in /etc/passwd before, or has not been
 * found for five minutes; and accounts in /etc/passwd do not wait for the others.
 */
import { readFile } from 'node:fs/promises';
import { chunksOf } from '../async/chunks-of.ts';
import { AppError } from '../errors.ts';
import { checkEligible, type EligibleSettings } from './eligible.ts';
import { type LoginSettings, settingsOfAccount, statesOfFiles } from './login-settings.ts';
import { RecentGroups } from './recent-groups.ts';
import { shadowProblems } from './shadow.ts';
import { SharedQueries } from './shared-queries.ts';
import { type UserEntry, userByUid, usersByName } from './user-database.ts';

/** An account that a token or a link is bound to. */
export type BoundUser = Pick<UserEntry, 'name' | 'uid'>;

/** An account that may start nothing. */
export interface IneligibleUser extends BoundUser {
  readonly why: string;
  /** False while it only cannot be found. */
  readonly isFinal: boolean;
}

/** An account that was looked at: why it may start nothing, or else what its logins get. */
interface CheckedUser extends BoundUser {
  readonly why?: string | undefined;
  readonly settings?: LoginSettings | undefined;
}

export interface AccountChecksOptions {
  readonly settings: () => { readonly eligible: EligibleSettings };
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
}

const AT_ONCE = 200;
const PASSWD = '/etc/passwd';
const MISSING_MS = 300_000;

export class AccountChecks {
  readonly #options: AccountChecksOptions;
  readonly #groups = new RecentGroups();
  /** Names that were in /etc/passwd at the last check of all. */
  #local: ReadonlySet<string> = new Set();
  /** Accounts that the checks of all have not found since, by name, as performance.now(). */
  #missing: ReadonlyMap<string, number> = new Map();
  readonly #localQueries = new SharedQueries<BoundUser, CheckedUser>((users) => this.#checked(users));
  readonly #otherQueries = new SharedQueries<BoundUser, CheckedUser>((users) => this.#checked(users));

  constructor(options: AccountChecksOptions) {
    this.#options = options;
  }

  /**
   * Returns what logins of the account get now. Throws NOT_ELIGIBLE with the reason for one that may start
   * nothing now, and UNAVAILABLE.
   */
  async check(user: BoundUser): Promise<LoginSettings> {
    const queries = (await localNames()).has(user.name) ? this.#localQueries : this.#otherQueries;
    const { why, settings } = (await queries.answerFor(user)) ?? {};
    if (settings !== undefined) return settings;
    const message = `account ${JSON.stringify(user.name)} may not start programs: ${why}`;
    throw new AppError('NOT_ELIGIBLE', message);
  }

  /** Returns those of the accounts that may start nothing now. Throws UNAVAILABLE. */
  async checkAll(users: readonly BoundUser[]): Promise<IneligibleUser[]> {
    const found: IneligibleUser[] = [];
    for (const some of chunksOf(users, AT_ONCE)) found.push(...(await this.#lookAt(some)).problems);
    const missing = found.filter(({ isFinal }) => !isFinal);
    const nowMs = performance.now();
    this.#missing = new Map(missing.map(({ name }) => [name, this.#missing.get(name) ?? nowMs]));
    this.#local = await localNames();
    return found;
  }

  async #checked(users: readonly BoundUser[]): Promise<CheckedUser[]> {
    const names = users.map(({ name }) => name);
    const [{ entries, problems }, gids] = await Promise.all([this.#lookAt(users), this.#groups.of(names)]);
    const files = statesOfFiles();
    return users.map(({ name, uid }) => {
      const problem = problems.find((other) => other.name === name && other.uid === uid);
      const entry = entries.get(name);
      if (problem !== undefined || entry === undefined) return { name, uid, why: problem?.why };
      return { name, uid, settings: { account: settingsOfAccount(entry, gids.get(name) ?? []), files } };
    });
  }

  /** Returns the entries of the accounts, and those of the accounts that may start nothing. */
  async #lookAt(
    users: readonly BoundUser[],
  ): Promise<{ entries: ReadonlyMap<string, UserEntry>; problems: IneligibleUser[] }> {
    const names = [...new Set(users.map(({ name }) => name))];
    const [entries, locked] = await Promise.all([
      usersByName(names),
      shadowProblems(names, this.#options.now()),
    ]);
    const problems: IneligibleUser[] = [];
    for (const user of users) {
      const entry = entries.get(user.name);
      const why = entry && (this.#problemOf(entry, user.uid) ?? locked.get(user.name));
      if (entry === undefined) problems.push(await this.#missingUser(user));
      else if (why !== undefined) problems.push({ ...user, why, isFinal: true });
    }
    return { entries, problems };
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
    const sinceMs = this.#missing.get(user.name) ?? Number.POSITIVE_INFINITY;
    const isLong = performance.now() - sinceMs >= MISSING_MS;
    const isFinal = other !== undefined || this.#local.has(user.name) || isLong;
    return { ...user, why, isFinal };
  }
}

async function localNames(): Promise<Set<string>> {
  const text = await readFile(PASSWD, 'utf8').catch(() => '');
  return new Set(text.split('\n').map((line) => line.slice(0, line.indexOf(':'))));
}
