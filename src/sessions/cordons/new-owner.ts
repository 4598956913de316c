/**
 * Gives a session to another login, which then owns a program that runs as somebody else's Linux user (V3).
 * Its input is power over that user, so only administrators may do this, each time by name, and for no
 * session of an account with a role: its new owner could otherwise act as a manager, an administrator or
 * root.
 */
import type { AccountChecks } from '../../accounts/account-checks.ts';
import type { Roles } from '../../accounts/roles.ts';
import { AppError } from '../../errors.ts';
import type { Store } from '../../store/open.ts';
import type { SessionRow } from '../../store/schema.ts';
import { selectKnownLogin, selectKnownLogins } from '../../store/tables/known-logins.ts';
import type { Actor } from '../session.ts';
import { runningLinkOf, type SessionLinks } from '../session-link.ts';

export interface NewOwnerOptions {
  readonly store: Pick<Store, 'read'>;
  readonly roles: Pick<Roles, 'roleOf'>;
  readonly accounts: Pick<AccountChecks, 'check'>;
  /** Uid of the server's own account. */
  readonly ownUid: number;
  readonly links: SessionLinks;
}

/** The new owner, and whether it may read what was printed before. */
interface Gift {
  readonly login: string;
  readonly withOutput: boolean;
}

/** Returns what is to be changed in the record as it is then. */
type Change = (row: SessionRow) => Partial<SessionRow> | undefined;

export class NewOwner {
  readonly #options: NewOwnerOptions;

  constructor(options: NewOwnerOptions) {
    this.#options = options;
  }

  /**
   * Checks that a session may be given to the login. Returns the change, which throws the errors that are
   * about the session's state. Throws PERMISSION_DENIED, NOT_FOUND, NOT_ELIGIBLE, SESSION_ENDED,
   * SESSION_NOT_CORDONED, and LINK_REQUIRED and LINK_LOST when it is not known what was printed before.
   */
  async find(by: Actor, row: SessionRow, gift: Gift): Promise<Change> {
    if (by.role !== 'admin') {
      const details = { requiredRole: 'admin' };
      throw new AppError('PERMISSION_DENIED', 'only administrators may name another login', { details });
    }
    const { login, withOutput } = gift;
    await this.#checkLogin(login);
    if (row.login === login) return () => (withOutput ? { readable_from: 0 } : undefined);
    checkGivable(row);
    await this.#checkHasNoRole(row);
    const readableFrom = withOutput ? 0 : await this.#printed(row);
    return (now) => {
      checkGivable(now);
      if (now.login !== row.login) throw notCordoned(); // somebody else has given it away meanwhile
      const starter = now.started_by ?? now.login;
      return { login, readable_from: readableFrom, started_by: starter === login ? null : starter };
    };
  }

  /** Throws NOT_FOUND for a login that has never logged in, NOT_ELIGIBLE for one that may start nothing. */
  async #checkLogin(login: string): Promise<void> {
    const { store, accounts } = this.#options;
    const known = await store.read((db) => selectKnownLogin(db, login));
    if (known === undefined)
      throw new AppError(
        'NOT_FOUND',
        `there is no login ${JSON.stringify(login)}, or it has never logged in`,
      );
    const { linux_user: name, uid } = known;
    if (name !== null && uid !== null) await accounts.check({ name, uid });
  }

  /** Throws PERMISSION_DENIED when anybody who is the session's Linux user, or owns it, has a role. */
  async #checkHasNoRole({ login, linux_user: user, uid, started_by }: SessionRow): Promise<void> {
    const { store, roles, ownUid } = this.#options;
    if (uid === 0 || uid === ownUid) throw hasRole(user, uid === 0 ? 'root' : "the server's own account");
    const logins = [login, started_by ?? login];
    const known = await store.read((db) => selectKnownLogins(db, { logins, linuxUser: user }));
    for (const { login: sub, linux_user } of [{ login: user, linux_user: user }, ...known]) {
      const role = await roles.roleOf({ sub, user: linux_user ?? undefined, authMethod: 'link' });
      if (role !== 'user') throw hasRole(user, role === 'admin' ? 'an administrator' : 'a manager');
    }
  }

  /** Returns the number of bytes that the session has printed. Throws LINK_REQUIRED, LINK_LOST. */
  async #printed(row: SessionRow): Promise<number> {
    const [state] = await runningLinkOf(this.#options.links, row).list([row.id]);
    if (state?.printed !== undefined) return state.printed;
    const message =
      "the session's link cannot tell what was printed before; give the session with its output, or try again " +
      'with a newer link';
    throw new AppError('LINK_REQUIRED', message, { details: { linuxUser: row.linux_user } });
  }
}

/** Throws SESSION_ENDED, SESSION_NOT_CORDONED. */
function checkGivable({ state, cordoned_at }: SessionRow): void {
  if (state === 'ended') throw new AppError('SESSION_ENDED', 'the session has ended');
  if (cordoned_at === null) throw notCordoned();
}

function notCordoned(): AppError {
  return new AppError('SESSION_NOT_CORDONED', 'only a cordoned session can be given away; cordon it first');
}

function hasRole(user: string, who: string): AppError {
  const message = `a session that runs as ${user} cannot be given away: its owner would act as ${who}`;
  return new AppError('PERMISSION_DENIED', message);
}
