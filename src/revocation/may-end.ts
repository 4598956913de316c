/**
 * Decides who may end what: users their own, managers everything except what belongs to an administrator,
 * administrators everything.
 */
import { type Role, seesAll } from '../accounts/roles.ts';
import type { Call } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { noSuchLink } from '../supervisor/link-info.ts';
import type { TokenClaims } from '../token/claims.ts';

/** The caller that requests a revocation. */
export interface Requester {
  readonly claims: Pick<TokenClaims, 'jti' | 'sub' | 'user' | 'authMethod'>;
  readonly role: Role;
  /** The requesting call, which is neither aborted nor waited for. */
  readonly call?: Call;
  readonly peer?: { readonly address: string };
}

export interface Roles {
  roleOf(claims: TokenClaims): Role | Promise<Role>;
}

/** Returns true for a token that `by` may know of: its own, and every token for managers. */
export function sees(by: Requester, { sub }: Pick<TokenClaims, 'sub'>): boolean {
  return seesAll(by) || sub === by.claims.sub;
}

/** Throws NOT_FOUND for a login that `by` does not see, PERMISSION_DENIED for the token of a link daemon. */
export function checkSeesLogin(by: Requester, login: string): void {
  if (!sees(by, { sub: login })) throw new AppError('NOT_FOUND', 'there is no such login');
  if (by.claims.authMethod === 'link-daemon')
    throw new AppError('PERMISSION_DENIED', 'the token of a link daemon can end only itself');
}

/** Throws NOT_FOUND for a link that `by` does not see. */
export function checkSeesLink(by: Requester, { linuxUser }: { readonly linuxUser: string }): void {
  if (!seesAll(by) && by.claims.user !== linuxUser) throw noSuchLink();
}

/** Throws PERMISSION_DENIED when `by` is a manager and one of the tokens is an administrator's. */
export async function checkMayEnd(
  by: Requester,
  tokens: readonly TokenClaims[],
  roles: Roles,
): Promise<void> {
  if (by.role !== 'manager') return;
  for (const claims of tokens) {
    if ((await roles.roleOf(claims)) === 'admin')
      throw new AppError('PERMISSION_DENIED', 'only administrators may end what belongs to an administrator');
  }
}
