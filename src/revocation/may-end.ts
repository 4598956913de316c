/**
 * Rules of who may end what: one's own, as a manager everybody's but what is an administrator's, as an
 * administrator all.
 */
import { type Role, seesAll } from '../accounts/roles.ts';
import type { Call } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { noSuchLink } from '../supervisor/link-info.ts';
import type { TokenClaims } from '../token/claims.ts';

/** The caller that asks for an ending. */
export interface By {
  readonly claims: Pick<TokenClaims, 'jti' | 'sub' | 'user' | 'authMethod'>;
  readonly role: Role;
  /** The call that asks, which the ending does not wait for. */
  readonly call?: Call;
}

export interface Roles {
  roleOf(claims: TokenClaims): Role | Promise<Role>;
}

/** True for a token that `by` may know of: one's own, and everybody's for managers. */
export function sees(by: By, { sub }: Pick<TokenClaims, 'sub'>): boolean {
  return seesAll(by) || sub === by.claims.sub;
}

/** Another's login is not there for who does not see it. Throws NOT_FOUND, PERMISSION_DENIED. */
export function checkSeesLogin(by: By, login: string): void {
  if (!sees(by, { sub: login })) throw new AppError('NOT_FOUND', 'there is no such login');
  if (by.claims.authMethod === 'link-daemon')
    throw new AppError('PERMISSION_DENIED', 'the token of a link daemon can end only itself');
}

/** Another's link is not there for who does not see it. Throws NOT_FOUND. */
export function checkSeesLink(by: By, { linuxUser }: { readonly linuxUser: string }): void {
  if (!seesAll(by) && by.claims.user !== linuxUser) throw noSuchLink();
}

/** A manager ends nothing of an administrator's. Throws PERMISSION_DENIED. */
export async function checkMayEnd(by: By, tokens: readonly TokenClaims[], roles: Roles): Promise<void> {
  if (by.role !== 'manager') return;
  for (const claims of tokens) {
    if ((await roles.roleOf(claims)) === 'admin')
      throw new AppError('PERMISSION_DENIED', 'only administrators end what belongs to an administrator');
  }
}
