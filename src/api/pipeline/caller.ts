/** Who is calling, found out anew for every call and from nothing that the call itself claims. */
import type { Metadata } from '@grpc/grpc-js';
import type { Role } from '../../accounts/roles.ts';
import type { Authority, Call } from '../../authority/authority.ts';
import { AppError } from '../../errors.ts';
import type { TokenClaims } from '../../token/claims.ts';
import type { Peer } from '../transport/peer.ts';
import type { Access, Row } from './policy.ts';

/** Somebody, perhaps without a login. */
export interface Caller {
  readonly peer: Peer;
  /** In the log, and in what the caller is told when the call fails. */
  readonly requestId: string;
  /** Aborts, with the AppError that the caller is told, when the call has to end. */
  readonly signal: AbortSignal;
}

/** Somebody with a token that was good when the call began, and is until `signal` aborts. */
export interface KnownCaller extends Caller {
  readonly claims: TokenClaims;
  readonly role: Role;
  /** The call as the authority knows it, for a revocation that must not wait for its own call. */
  readonly call: Call;
}

/** Whose token it is, whether it may be used from there, and what its role is. */
export interface Identifying {
  readonly authority: Pick<Authority, 'verify'>;
  readonly roles: { roleOf(claims: TokenClaims): Role | Promise<Role> };
  /** The daemon's own uid. */
  readonly ownUid: number;
}

const RANK: Readonly<Record<Access, number>> = { public: 0, user: 1, manager: 2, admin: 3 };
const BEARER = /^Bearer ([^\s]+)$/i; // RFC 6750, 2.1

/** Whether `role` may do all that `wanted` may. */
export function hasAtLeast(role: Role, wanted: Access): boolean {
  return RANK[role] >= RANK[wanted];
}

/** The token a call came with. Throws NOT_LOGGED_IN. */
export function bearerToken(metadata: Metadata): string {
  const [value, ...more] = metadata.get('authorization');
  if (value === undefined) throw new AppError('NOT_LOGGED_IN', 'log in first: the call carries no token');
  const token = BEARER.exec(String(value))?.[1];
  if (token === undefined || more.length > 0) {
    throw new AppError('TOKEN_INVALID', 'authorization has to be "Bearer" and one token');
  }
  return token;
}

/**
 * The local administrator's token counts only from root and from the daemon's own account on this
 * host, so that a copy is worth nothing elsewhere. Throws LOCAL_ONLY.
 */
export async function checkLocalPeer(peer: Peer, ownUid: number): Promise<void> {
  const uid = peer.isLocal ? await peer.uid() : undefined;
  if (uid === 0 || (uid !== undefined && uid === ownUid)) return;
  throw new AppError('LOCAL_ONLY', "this token is for root and the server's own account on its host only");
}

/** Whether a caller of that role may make the call at all. Throws PERMISSION_DENIED. */
export function checkAccess(row: Row, claims: TokenClaims, role: Role): void {
  if (claims.authMethod === 'link-daemon' && row.linkDaemon !== true) {
    throw new AppError('PERMISSION_DENIED', 'the token of a link daemon may not be used for this');
  }
  if (!hasAtLeast(role, row.access)) {
    throw new AppError('PERMISSION_DENIED', `this is for role ${row.access}; yours is ${role}`);
  }
}
