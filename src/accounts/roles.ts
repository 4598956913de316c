/**
 * The role of a login, which decides what it may do beyond its own tokens, links and sessions. Configured
 * by login or by Linux group.
 */

import type { RoleMembers } from '../config/config.ts';
import type { AuthMethodName } from '../values/auth-method.ts';
import { groupsOf } from './user-database.ts';

export type Role = 'admin' | 'manager' | 'user';

/** Returns true for a role that sees and ends what belongs to others. */
export function seesAll({ role }: { readonly role: Role }): boolean {
  return role !== 'user';
}

/** The claims of a token that its role depends on. */
export interface RoleClaims {
  readonly sub: string;
  readonly authMethod: AuthMethodName;
  /** The Linux user of the login. */
  readonly user?: string | undefined;
}

export interface RolesOptions {
  /** Returns the current configuration, which a reload may change. */
  readonly members: () => { readonly admin: RoleMembers; readonly manager: RoleMembers };
  /** Returns milliseconds since 1970. */
  readonly now?: () => number;
  readonly groupsOf?: (linuxUser: string) => Promise<readonly string[]>;
  /** Called when the user database fails; groups then do not count. */
  readonly onFailure?: (error: unknown) => void;
}

const CACHED_MS = 30_000;
/** A failed query is repeated sooner, but not by each call. */
const FAILURE_CACHED_MS = 3_000;
const MAX_CACHED = 10_000;
const UNIX = 'unix:';
const NO_GROUPS: ReadonlySet<string> = new Set();

interface CachedGroups {
  readonly groups: Promise<ReadonlySet<string>>;
  untilMs: number;
}

export class Roles {
  readonly #options: RolesOptions;
  readonly #now: () => number;
  readonly #cache = new Map<string, CachedGroups>();

  constructor(options: RolesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Returns the role. Changes of groups take effect within 30 seconds; only groups of the login's Linux
   * user count. Never throws: when the user database fails, groups give no role.
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

  /**
   * Returns a user's groups as the configuration names them, `unix:wheel`; none when the user database fails.
   */
  groupsOf(linuxUser: string): Promise<ReadonlySet<string>> {
    return this.#groups(linuxUser);
  }

  #role(sub: string, groups: ReadonlySet<string>): Role {
    const { admin, manager } = this.#options.members();
    if (admin.users.includes(sub) || admin.groups.some((group) => groups.has(group))) return 'admin';
    const manages = manager.users.includes(sub) || manager.groups.some((group) => groups.has(group));
    return manages ? 'manager' : 'user';
  }

  #groups(user: string): Promise<ReadonlySet<string>> {
    const known = this.#cache.get(user);
    if (known !== undefined && this.#now() < known.untilMs) return known.groups;
    const fresh: CachedGroups = { groups: this.#ask(user), untilMs: this.#now() + CACHED_MS };
    this.#cache.delete(user); // moves it to the end of the map
    this.#cache.set(user, fresh);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
    return fresh.groups;
  }

  async #ask(user: string): Promise<ReadonlySet<string>> {
    try {
      const names = await (this.#options.groupsOf ?? groupsOf)(user);
      return new Set(names.map((name) => UNIX + name));
    } catch (error) {
      const known = this.#cache.get(user);
      if (known !== undefined) known.untilMs = this.#now() + FAILURE_CACHED_MS;
      this.#options.onFailure?.(error);
      return new Set();
    }
  }
}
