/**
 * Admission of a call: authenticates the caller, enforces limits, and checks the method's policy row. No call
 * reaches a handler without it.
 */
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
  type IdentityDeps,
  type KnownCaller,
  type PublicCaller,
} from './caller.ts';
import type { Limits } from './limits.ts';
import type { Row } from './policy.ts';
import type { RoleWatch } from './role-watch.ts';

/** Most bytes that a call's headers may take, counted as in HPACK (RFC 7541, 4.1). */
const METADATA_BYTES = 16 * 1024;
const ENTRY_BYTES = 32;

export interface AdmissionDeps extends IdentityDeps {
  readonly authority: Pick<Authority, 'verify' | 'enter'>;
  readonly limits: Limits;
  readonly roleWatch: RoleWatch;
}

/** The caller that a call was admitted for; a KnownCaller when the method requires a token. */
export type Admitted = Caller | KnownCaller;

/** A call before it is admitted. */
export interface IncomingCall {
  readonly connection: Connection;
  readonly metadata: Metadata;
  readonly requestId: string;
  /** Ends the call from outside. */
  readonly control: CallControl;
  /** Disposed of when the call has ended. */
  readonly cleanup: DisposableStack;
  /** Limits that the call occupies until it has ended and its client has fetched the whole answer. */
  readonly slots: DisposableStack;
  /** The login and the id of the token that the call was admitted with, for the log. */
  login?: string;
  jti?: string;
}

/** Policy for the token of a public method that asks for one. */
const ANY_LOGIN: Row = { access: 'user' };

/**
 * Admits the call and returns its caller, or throws the refusal. Synchronous when nothing must be awaited.
 */
export function admit(deps: AdmissionDeps, row: Row, incoming: IncomingCall): Admitted | Promise<Admitted> {
  const { connection, metadata } = incoming;
  deps.limits.checkUnauthenticated(connection);
  checkMetadata(metadata);
  if (row.access === 'public') return admitPublic(deps, row, incoming);
  const claims = deps.authority.verify(bearerToken(metadata));
  // An await here, even of a settled promise, would count simultaneous calls as calls without a token.
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
  return admitLogin(deps, row, incoming, await found);
}

function admitLogin(
  deps: AdmissionDeps,
  row: Row,
  incoming: IncomingCall,
  claims: TokenClaims,
): KnownCaller | Promise<KnownCaller> {
  const { connection, slots } = incoming;
  connection.authenticated = true;
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
  const { control, cleanup } = incoming;
  checkAccess(row, claims, role);
  cleanup.use(deps.roleWatch.enter(claims, role, (error) => control.abort(error)));
  const call = deps.authority.enter(claims.jti, (error) => control.abort(error), claims.exp);
  cleanup.defer(() => call.leave());
  incoming.login = claims.sub;
  incoming.jti = claims.jti;
  return new TokenCaller(incoming, claims, role, call);
}

class AdmittedCaller implements Caller {
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

  end(error: AppError): void {
    this.#control.abort(error);
  }
}

class AnonymousCaller extends AdmittedCaller implements PublicCaller {
  readonly #deps: AdmissionDeps;
  readonly #incoming: IncomingCall;

  constructor(deps: AdmissionDeps, incoming: IncomingCall) {
    super(incoming);
    this.#deps = deps;
    this.#incoming = incoming;
  }

  async identify(): Promise<KnownCaller> {
    const claims = await this.#deps.authority.verify(bearerToken(this.#incoming.metadata));
    return admitLogin(this.#deps, ANY_LOGIN, this.#incoming, claims);
  }
}

class TokenCaller extends AdmittedCaller implements KnownCaller {
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

async function admitPublic(deps: AdmissionDeps, row: Row, incoming: IncomingCall): Promise<PublicCaller> {
  const { limits } = deps;
  const { connection, slots } = incoming;
  const { peer } = connection;
  slots.use(limits.enterUnauthenticated(connection));
  const uid = await peer.uid();
  if (row.localOnly && uid === undefined) {
    const why = peer.isLocal
      ? 'the kernel cannot tell which user is calling'
      : "only callers on the server's own host may do this";
    throw new AppError('LOCAL_ONLY', why);
  }
  slots.use(limits.enterPublic(uid ?? 'remote'));
  return new AnonymousCaller(deps, incoming);
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

/** Size as sent, in bytes: binary values are sent as base64. */
function sizeOf(value: MetadataValue): number {
  return typeof value === 'string' ? value.length : Math.ceil((value.length * 4) / 3);
}
