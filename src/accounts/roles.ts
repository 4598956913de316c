/** What a login may do, beyond its own things: from the configuration, by login or Linux group. */
import type { RoleMembers } from '../config/config.ts';
import { groupsOf } from './user-database.ts';

export type Role = 'admin' | 'manager' | 'user';

/** The claims that decide. */
export interface RoleClaims {
  readonly sub: string;
  readonly authMethod: string;
  /** The Linux user bound to the login. */
  readonly user?: string | undefined;
}

export interface RolesOptions {
  /** What holds now: it may change while the daemon runs. */
  readonly members: () => { readonly admin: RoleMembers; readonly manager: RoleMembers };
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly groupsOf?: (linuxUser: string) => Promise<readonly string[]>;
  /** Told when the user database fails; the login then has the roles of its name alone. */
  readonly onFailure?: (error: unknown) => void;
}

const REMEMBERED_MS = 30_000;
/** A database that fails is asked again sooner, but not by every call. */
const REMEMBERED_FAILURE_MS = 3_000;
const MOST_REMEMBERED = 10_000;
const UNIX = 'unix:';
const NO_GROUPS: ReadonlySet<string> = new Set();

interface Remembered {
  readonly groups: Promise<ReadonlySet<string>>;
  untilMs: number;
}

export class Roles {
  readonly #options: RolesOptions;
  readonly #now: () => number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: RolesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Groups count up to 30 s late, and only those of the Linux user that is bound to the login.
   * Never throws: without an answer about groups nobody gains by them.
   */
  roleOf({ sub, authMethod, user }: RoleClaims): Role | Promise<Role> {
    if (authMethod === 'local') return 'admin';
    if (authMethod === 'link-daemon') return 'user';
    const { admin, manager } = this.#options.members();
    const anyGroups = admin.groups.length + manager.groups.length > 0;
    if (user === undefined || !anyGroups) return this.#role(sub, NO_GROUPS);
    if (admin.users.includes(sub)) return 'admin';
    return this.#groups(user).then((groups) => this.#role(sub, groups));
  }

  #role(sub: string, groups: ReadonlySet<string>): Role {
    const { admin, manager } = this.#options.members();
    if (admin.users.includes(sub) || admin.groups.some((group) => groups.has(group))) return 'admin';
    const manages = manager.users.includes(sub) || manager.groups.some((group) => groups.has(group));
    return manages ? 'manager' : 'user';
  }

  #groups(user: string): Promise<ReadonlySet<string>> {
    const known = this.#remembered.get(user);
    if (known !== undefined && this.#now() < known.untilMs) return known.groups;
    const fresh: Remembered = { groups: this.#ask(user), untilMs: this.#now() + REMEMBERED_MS };
    this.#remembered.delete(user); // to the young end of the map
    this.#remembered.set(user, fresh);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return fresh.groups;
  }

  async #ask(user: string): Promise<ReadonlySet<string>> {
    try {
      const names = await (this.#options.groupsOf ?? groupsOf)(user);
      return new Set(names.map((name) => UNIX + name));
    } catch (error) {
      const known = this.#remembered.get(user);
      if (known !== undefined) known.untilMs = this.#now() + REMEMBERED_FAILURE_MS;
      this.#options.onFailure?.(error);
      return new Set();
    }
  }
}
