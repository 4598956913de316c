import { isDeepStrictEqual } from 'node:util';
import type { TokenRow } from '../../store/schema.ts';
import type { TokenClaims } from '../../token/claims.ts';

/** Converts claims to a database row (F4), with the uid of the Linux user. */
export function rowOf(claims: TokenClaims, uid?: number): TokenRow {
  return {
    jti: claims.jti,
    login: claims.sub,
    linux_user: claims.user ?? null,
    uid: uid ?? null,
    auth_method: claims.authMethod,
    issued_at: claims.iat,
    expires_at: claims.exp,
    client_ip: claims.clientIp ?? null,
    hostname: claims.hostname ?? null,
    socket: claims.socket ?? null,
    daemon: claims.daemon === true ? 1 : 0,
    parent: claims.parent ?? null,
    claims: JSON.stringify(claims),
  };
}

/** Returns the claims of a row, without checks: only this server writes rows. */
export function claimsOf(row: TokenRow): TokenClaims {
  return JSON.parse(row.claims) as TokenClaims;
}

/**
 * Returns true when the server has issued `claims` under the id of `row`: equal except for the times, since
 * after a renewal the earlier token stays valid until its own, earlier expiry.
 */
export function isIssued(claims: TokenClaims, row: TokenRow): boolean {
  const issued = claimsOf(row);
  const { iat, exp } = issued;
  return claims.iat <= iat && claims.exp <= exp && isDeepStrictEqual({ ...claims, iat, exp }, issued);
}
