import type { TokenRow } from '../../store/schema.ts';
import type { TokenClaims } from '../../token/claims.ts';

/** The claims as they are kept (F4), with the uid behind the Linux user. */
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

/** The claims that a row keeps. Rows are ours alone: nothing is checked again. */
export function claimsOf(row: TokenRow): TokenClaims {
  return JSON.parse(row.claims) as TokenClaims;
}
