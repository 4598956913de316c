/** The door: nobody gets past it without what the method's policy row asks for. */
import type { Metadata, MetadataValue } from '@grpc/grpc-js';
import type { Role } from '../../accounts/roles.ts';
import type { Authority, Call } from '../../authority/authority.ts';
import { AppError } from '../../errors.ts';
import type { TokenClaims } from '../../token/claims.ts';
import type { CallControl } from '../transport/call-control.ts';
import type { Connection } from '../transport/connections.ts';
import type { Peer } from '../transport/peer.ts';
import {
  bearerToken,
  type Caller,
  checkAccess,
  checkLocalPeer,
  type Identifying,
  type KnownCaller,
} from './caller.ts';
import type { Limits } from './limits.ts';
import type { Row } from './policy.ts';
import type { RoleWatch } from './role-watch.ts';

/** Headers of a call, counted as HPACK does (RFC 7541, 4.1). */
const METADATA_BYTES = 16 * 1024;
const ENTRY_BYTES = 32;

export interface AdmissionDeps extends Identifying {
  readonly authority: Pick<Authority, 'verify' | 'enter'>;
  readonly limits: Limits;
  readonly roleWatch: RoleWatch;
}

/** Whom a call was let in for; a token's caller where the method asks for one. */
export type Admitted = Caller | KnownCaller;

/** What is known of a call when it comes to the door. */
export interface IncomingCall {
  readonly connection: Connection;
  readonly metadata: Metadata;
  readonly requestId: string;
  /** Aborting it ends the call. */
  readonly control: CallControl;
  /** What has to be undone when the call is over. */
  readonly ends: DisposableStack;
  /** What the call takes up until it is over and its client has fetched all of the answer. */
  readonly slots: DisposableStack;
}

/** Lets the call in, with its caller, or throws why not; at once where nothing has to be waited for. */
export function admit(deps: AdmissionDeps, row: Row, incoming: IncomingCall): Admitted | Promise<Admitted> {
  const { connection, metadata } = incoming;
  deps.limits.checkUnproven(connection);
  checkMetadata(metadata);
  if (row.access === 'public') return admitAnybody(deps, row, incoming);
  const claims = deps.authority.verify(bearerToken(metadata));
  // Waiting for what is there already would count calls that come together as calls without a login.
  return claims instanceof Promise
    ? admitLater(deps, row, incoming, claims)
    : admitLogin(deps, row, incoming, claims);
}

async function admitLater(
  deps: AdmissionDeps,
  row: Row,
  incoming: IncomingCall,
  found: Promise<TokenClaims>,
): Promise<Admitted> {
  const unproven = incoming.slots.use(deps.limits.enterUnproven(incoming.connection));
  const claims = await found;
  unproven[Symbol.dispose]();
  return admitLogin(deps, row, incoming, claims);
}

function admitLogin(
  deps: AdmissionDeps,
  row: Row,
  incoming: IncomingCall,
  claims: TokenClaims,
): Admitted | Promise<Admitted> {
  const { connection, slots } = incoming;
  connection.proven = true;
  connection.login = claims.sub;
  slots.use(deps.limits.enterLogin(claims.sub));
  const enter = (role: Role): KnownCaller => admitRole(deps, row, incoming, claims, role);
  if (claims.authMethod === 'local')
    return checkLocalPeer(connection.peer, deps.ownUid).then(() => enter('admin'));
  const role = deps.roles.roleOf(claims);
  return role instanceof Promise ? role.then(enter) : enter(role);
}

function admitRole(
  deps: AdmissionDeps,
  row: Row,
  incoming: IncomingCall,
  claims: TokenClaims,
  role: Role,
): KnownCaller {
  const { control, ends } = incoming;
  checkAccess(row, claims, role);
  ends.use(deps.roleWatch.enter(claims, role, (error) => control.abort(error)));
  const call = deps.authority.enter(claims.jti, (error) => control.abort(error), claims.exp);
  ends.defer(() => call.leave());
  return new TokenCaller(incoming, claims, role, call);
}

class AnyCaller implements Caller {
  readonly peer: Peer;
  readonly requestId: string;
  readonly #control: CallControl;

  constructor({ connection, requestId, control }: IncomingCall) {
    this.peer = connection.peer;
    this.requestId = requestId;
    this.#control = control;
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }
}

class TokenCaller extends AnyCaller implements KnownCaller {
  readonly claims: TokenClaims;
  readonly role: Role;
  readonly call: Call;

  constructor(incoming: IncomingCall, claims: TokenClaims, role: Role, call: Call) {
    super(incoming);
    this.claims = claims;
    this.role = role;
    this.call = call;
  }
}

async function admitAnybody({ limits }: AdmissionDeps, row: Row, incoming: IncomingCall): Promise<Caller> {
  const { connection, slots } = incoming;
  const { peer } = connection;
  slots.use(limits.enterUnproven(connection));
  const uid = peer.isLocal ? await peer.uid() : undefined;
  if (row.localOnly && uid === undefined) {
    const why = peer.isLocal
      ? 'the kernel does not know who is calling'
      : "this is for callers on the server's own host only";
    throw new AppError('LOCAL_ONLY', why);
  }
  slots.use(limits.enterShared(uid ?? 'remote'));
  return new AnyCaller(incoming);
}

function checkMetadata(metadata: Metadata): void {
  const headers = metadata.toJSON();
  let bytes = 0;
  for (const name in headers) {
    for (const value of headers[name] ?? []) bytes += name.length + sizeOf(value) + ENTRY_BYTES;
  }
  if (bytes > METADATA_BYTES) {
    throw new AppError('LIMIT_EXCEEDED', `the call's metadata is larger than ${METADATA_BYTES} bytes`);
  }
}

/** In the characters that were sent: binary values come as base64. */
function sizeOf(value: MetadataValue): number {
  return typeof value === 'string' ? value.length : Math.ceil((value.length * 4) / 3);
}
