/** The caller of a call, determined for each call: from its token, the kernel and the configuration. */
import type { Metadata } from '@grpc/grpc-js';
import type { Role } from '../../accounts/roles.ts';
import type { Authority, Call } from '../../authority/authority.ts';
import { AppError } from '../../errors.ts';
import type { TokenClaims } from '../../token/claims.ts';
import type { Peer } from '../transport/peer.ts';
import type { Access, Row } from './policy.ts';

/** A caller, with or without a token. */
export interface Caller {
  readonly peer: Peer;
  /** Identifies the call in the log and in the error that the client gets. */
  readonly requestId: string;
  /** Aborts when the call must end, with the AppError that the client gets. */
  readonly signal: AbortSignal;
  /** Ends the call at once with `error`, which its client gets, and aborts `signal`. */
  end(error: AppError): void;
}

/** The caller of a public method, who needs no token and may have sent one. */
export interface PublicCaller extends Caller {
  /**
   * Admits the caller with the token of the call, which from then on ends when that token does. Throws
   * NOT_LOGGED_IN, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_NOT_ACTIVE, PERMISSION_DENIED, LIMIT_EXCEEDED.
   */
  identify(): Promise<KnownCaller>;
}

/** A caller whose token was valid when the call began. `signal` aborts when it no longer is. */
export interface KnownCaller extends Caller {
  readonly claims: TokenClaims;
  readonly role: Role;
  /** The call as registered with the authority. A revocation made by this call does not wait for it. */
  readonly call: Call;
}

/** Verifies a token, finds its role, and knows the server's own account. */
export interface IdentityDeps {
  readonly authority: Pick<Authority, 'verify'>;
  readonly roles: { roleOf(claims: TokenClaims): Role | Promise<Role> };
  /** Uid of the server's own account. */
  readonly ownUid: number;
}

const RANK: Readonly<Record<Access, number>> = { public: 0, user: 1, manager: 2, admin: 3 };
const BEARER = /^Bearer ([^\s]+)$/i; // RFC 6750, 2.1

/** True when `role` may do everything that `wanted` may. */
export function hasAtLeast(role: Role, wanted: Access): boolean {
  return RANK[role] >= RANK[wanted];
}

/** Returns the token in the call's metadata. Throws NOT_LOGGED_IN, TOKEN_INVALID. */
export function bearerToken(metadata: Metadata): string {
  const [value, ...more] = metadata.get('authorization');
  if (value === undefined) throw new AppError('NOT_LOGGED_IN', 'log in first: the call carries no token');
  const token = BEARER.exec(String(value))?.[1];
  if (token === undefined || more.length > 0) {
    throw new AppError('TOKEN_INVALID', 'the authorization header must be "Bearer" and one token');
  }
  return token;
}

/**
 * Checks that the local administrator's token is used by root or the server's own account, on this host: a
 * copy of it is worth nothing to others. Throws LOCAL_ONLY.
 */
export async function checkLocalPeer(peer: Peer, ownUid: number): Promise<void> {
  const uid = await peer.uid();
  if (uid === 0 || uid === ownUid) return;
  throw new AppError(
    'LOCAL_ONLY',
    "only root and the server's own account may use this token, and only on its host",
  );
}

/** Checks that the method's policy row lets this token and role call it. Throws PERMISSION_DENIED. */
export function checkAccess(row: Row, claims: TokenClaims, role: Role): void {
  if (claims.authMethod === 'link-daemon' && row.linkDaemon !== true) {
    throw new AppError('PERMISSION_DENIED', "a link daemon's token may not be used for this");
  }
  if (!hasAtLeast(role, row.access)) {
    throw new AppError('PERMISSION_DENIED', `this is for role ${row.access}; yours is ${role}`, {
      details: { requiredRole: row.access },
    });
  }
}
