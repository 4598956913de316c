/** Converts tokens, logins, links, sessions and receipts to their protobuf messages. */

import type { Login } from '../../authority/authority.ts';
import { AppError } from '../../errors.ts';
import { type Link, LinkState } from '../../generated/latchkey/v1/link.ts';
import { type Session as SessionMessage, SessionState } from '../../generated/latchkey/v1/session.ts';
import {
  type Login as LoginMessage,
  type Receipt as ReceiptMessage,
  type Token,
  VerifiedBy,
} from '../../generated/latchkey/v1/token.ts';
import type { Receipt } from '../../revocation/revocation.ts';
import type { Session } from '../../sessions/session.ts';
import type { LinkInfo } from '../../supervisor/link-info.ts';
import type { TokenClaims } from '../../token/claims.ts';

/** Converts a token's claims; `currentJti` is the id of the token that the call was made with. */
export function tokenMessage(claims: TokenClaims, currentJti: string): Token {
  return {
    jti: claims.jti,
    login: claims.sub,
    linuxUser: claims.user ?? '',
    authMethod: claims.authMethod,
    issuedAt: new Date(claims.iat * 1000),
    expiresAt: new Date(claims.exp * 1000),
    clientIp: claims.clientIp ?? '',
    hostname: claims.hostname ?? '',
    socket: claims.socket ?? '',
    daemon: claims.daemon ?? false,
    serverId: claims.iss,
    parentJti: claims.parent ?? '',
    current: claims.jti === currentJti,
  };
}

export function loginMessage(row: Login): LoginMessage {
  const { login, tokens, sessions, links } = row;
  return {
    login,
    tokens,
    linuxUsers: [...row.linuxUsers],
    authMethods: [...row.authMethods],
    newestIssuedAt: new Date(row.newest_issued_at * 1000),
    clientAddresses: [...row.addresses],
    sessions,
    links,
  };
}

const LINK_STATES: Readonly<Record<LinkInfo['state'], LinkState>> = {
  ready: LinkState.READY,
  retiring: LinkState.RETIRING,
  lost: LinkState.LOST,
};

export function linkMessage(info: LinkInfo): Link {
  const { socket, linuxUser, uid, pid, daemon, jti, sessions, version } = info;
  const createdAt = new Date(info.createdAtMs);
  return {
    socket,
    linuxUser,
    uid,
    pid,
    daemon,
    jti,
    state: LINK_STATES[info.state],
    createdAt,
    sessions,
    version,
  };
}

const SESSION_STATES: Readonly<Record<Session['state'], SessionState>> = {
  starting: SessionState.STARTING,
  running: SessionState.RUNNING,
  ended: SessionState.ENDED,
};

/**
 * Returns the name of a session state; undefined for UNSPECIFIED, which selects all. Throws INVALID_ARGUMENT.
 */
export function sessionState(state: SessionState): Session['state'] | undefined {
  if (state === SessionState.UNSPECIFIED) return undefined;
  const names = Object.keys(SESSION_STATES) as Session['state'][];
  const found = names.find((name) => SESSION_STATES[name] === state);
  if (found === undefined) throw new AppError('INVALID_ARGUMENT', 'filter.state: there is no such state');
  return found;
}

export function sessionMessage(session: Session): SessionMessage {
  const { id, login, linuxUser, directory, jti, attached, exitStatus, endedAtMs } = session;
  return {
    id,
    login,
    linuxUser,
    command: [...session.command],
    directory,
    state: SESSION_STATES[session.state],
    startedAt: new Date(session.startedAtMs),
    endedAt: endedAtMs === undefined ? undefined : new Date(endedAtMs),
    exitStatus,
    jti,
    socket: session.socket ?? '',
    attached,
  };
}

const INT32_MAX = 2 ** 31 - 1;

const VERIFIED_BY: Readonly<Record<NonNullable<Receipt['verifiedBy']>, VerifiedBy>> = {
  daemon: VerifiedBy.DAEMON,
  link: VerifiedBy.LINK,
};

/** Converts the receipt of an ending; that of a preview is to be marked. */
export function receiptMessage(receipt: Receipt): ReceiptMessage {
  const { verifiedBy } = receipt;
  return {
    jtis: [...receipt.jtis],
    links: [...receipt.links],
    sessions: [...receipt.sessions],
    processes: Math.min(receipt.processes, INT32_MAX), // in part the sum of what links report
    milliseconds: Math.round(receipt.milliseconds),
    survivors: receipt.survivors.map(({ pid, linuxUser, command }) => ({ pid, linuxUser, command })),
    verifiedBy: verifiedBy === undefined ? VerifiedBy.UNSPECIFIED : VERIFIED_BY[verifiedBy],
    keptSessions: [...receipt.keptSessions],
    validateOnly: false,
  };
}
