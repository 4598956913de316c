/**
 * Sends links the rules for idle sessions of their users (X5): when they are ready, and when the settings
 * have changed. A change of a user's groups counts from then on.
 */
import type { Roles } from '../../accounts/roles.ts';
import type { IdleRule as Setting } from '../../config/settings/idle-rule.ts';
import { IdleAction, type IdleRule } from '../../generated/latchkey/link/v1/link.ts';
import type { LinkConnection } from '../../supervisor/connection/link-connection.ts';
import type { LinkObserver } from '../../supervisor/observer.ts';
import { enumValue } from '../../values/enum-word.ts';

export interface IdleRulesOptions {
  readonly roles: Pick<Roles, 'roleOf' | 'groupsOf'>;
  /** Returns the current settings, which a reload may change. */
  readonly settings: () => { readonly idleRules: readonly Setting[] };
}

export class IdleRules implements LinkObserver {
  readonly #options: IdleRulesOptions;
  readonly #links = new Set<LinkConnection>();

  constructor(options: IdleRulesOptions) {
    this.#options = options;
  }

  async ready(link: LinkConnection): Promise<void> {
    this.#links.add(link);
    void link.ended.then(() => this.#links.delete(link));
    await this.#send(link);
  }

  /** Sends all links the rules that the settings have now. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#links].map((link) => this.#send(link)));
  }

  async #send(link: LinkConnection): Promise<void> {
    const { settings } = this.#options;
    const { idleRules } = settings();
    const isForSome = idleRules.some(({ whom }) => whom.length > 0);
    const names = isForSome ? await this.#namesOf(link.info.linuxUser) : undefined;
    if (settings().idleRules !== idleRules) return; // replaced meanwhile, and sent by refresh()
    link.setIdleRules(idleRules.filter(({ whom }) => appliesTo(whom, names)).map(sent));
  }

  /** Returns what rules may call a user: its name, its role and its groups. */
  async #namesOf(linuxUser: string): Promise<ReadonlySet<string>> {
    const { roles } = this.#options;
    const claims = { sub: linuxUser, user: linuxUser, authMethod: 'ssh' } as const;
    const [role, groups] = await Promise.all([roles.roleOf(claims), roles.groupsOf(linuxUser)]);
    return new Set([linuxUser, `role:${role}`, ...groups]);
  }
}

function appliesTo(whom: readonly string[], names: ReadonlySet<string> | undefined): boolean {
  return whom.length === 0 || whom.some((who) => names?.has(who));
}

function sent({ action, afterMs, warningMs, hours }: Setting): IdleRule {
  return {
    action: enumValue(IdleAction, action),
    afterSeconds: afterMs / 1000,
    warningSeconds: warningMs / 1000,
    hours,
  };
}
