/** The door: nobody gets past it without what the method's policy row asks for. */
import type { Metadata } from '@grpc/grpc-js';
import type { Authority } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import {
  bearerToken,
  type Caller,
  checkAccess,
  checkLocalToken,
  type Identifying,
  type KnownCaller,
} from './caller.ts';
import type { Connection } from './connections.ts';
import type { Limits } from './limits.ts';
import type { Row } from './policy.ts';
import type { RoleHolders } from './role-holders.ts';

/** Headers of a call, counted as HPACK does (RFC 7541, 4.1). */
const METADATA_BYTES = 16 * 1024;
const ENTRY_BYTES = 32;

export interface Door extends Identifying {
  readonly authority: Pick<Authority, 'verify' | 'enter'>;
  readonly limits: Limits;
  readonly roleHolders: RoleHolders;
}

/** What is known of a call when it comes to the door. */
export interface Arrival {
  readonly connection: Connection;
  readonly metadata: Metadata;
  readonly requestId: string;
  /** Aborting it ends the call. */
  readonly control: AbortController;
  /** What has to be undone when the call is over. */
  readonly ends: DisposableStack;
}

/** Lets the call in, with its caller, or throws why not. */
export async function admit(door: Door, row: Row, arrival: Arrival): Promise<Caller | KnownCaller> {
  const { connection, metadata, requestId, control, ends } = arrival;
  const unproven = ends.use(door.limits.enterUnproven(connection));
  checkMetadata(metadata);
  const caller: Caller = { peer: connection.peer, requestId, signal: control.signal };
  if (row.access === 'public') {
    await admitAnybody(door, row, arrival);
    return caller;
  }
  const found = door.authority.verify(bearerToken(metadata));
  // Waiting for what is there already would count calls that come together as calls without a login.
  const claims = found instanceof Promise ? await found : found;
  unproven[Symbol.dispose]();
  connection.proven = true;
  connection.login = claims.sub;
  ends.use(door.limits.enterLogin(claims.sub));
  await checkLocalToken(claims, connection.peer, door.ownUid);
  const role = await door.roles.roleOf(claims);
  checkAccess(row, claims, role);
  ends.use(door.roleHolders.enter(claims, role, (error) => control.abort(error)));
  const call = door.authority.enter(claims.jti, (error) => control.abort(error), claims.exp);
  ends.defer(() => call.leave());
  return { ...caller, claims, role, call };
}

async function admitAnybody(
  { limits }: Door,
  row: Row,
  { connection: { peer }, ends }: Arrival,
): Promise<void> {
  if (!peer.isLocal) {
    if (row.localOnly) throw new AppError('LOCAL_ONLY', 'this is for callers on the server’s own host only');
    ends.use(limits.enterShared('remote'));
    return;
  }
  const uid = await peer.uid();
  if (uid === undefined && row.localOnly)
    throw new AppError('LOCAL_ONLY', 'the kernel does not know who is calling');
  ends.use(limits.enterShared(uid ?? 'remote'));
}

function checkMetadata(metadata: Metadata): void {
  let bytes = 0;
  for (const [name, values] of Object.entries(metadata.toHttp2Headers())) {
    for (const value of [values].flat()) bytes += name.length + String(value ?? '').length + ENTRY_BYTES;
  }
  if (bytes > METADATA_BYTES) {
    throw new AppError('LIMIT_EXCEEDED', `the call's metadata is larger than ${METADATA_BYTES} bytes`);
  }
}
