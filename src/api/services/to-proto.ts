/** Converts tokens, logins, links, sessions and receipts to their protobuf messages. */

import type { Login } from '../../authority/authority.ts';
import { invalidField } from '../../errors.ts';
import { type Link, LinkState } from '../../generated/latchkey/v1/link.ts';
import {
  IdleAction,
  type OutputTimes as OutputTimesMessage,
  type Session as SessionMessage,
  SessionState,
} from '../../generated/latchkey/v1/session.ts';
import {
  AuthMethod,
  type Login as LoginMessage,
  type Receipt as ReceiptMessage,
  type Token,
  VerifiedBy,
} from '../../generated/latchkey/v1/token.ts';
import type { Receipt } from '../../revocation/revocation.ts';
import type { Session } from '../../sessions/session.ts';
import type { OutputTimes } from '../../supervisor/connection/output-reader.ts';
import type { LinkInfo } from '../../supervisor/link-info.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { durationOf } from '../../values/duration.ts';
import { enumValue, enumWord, type WordOf } from '../../values/enum-word.ts';
import { bytesOf } from '../../values/raw-text.ts';

/** Converts a token's claims; `currentJti` is the id of the token that the call was made with. */
export function tokenMessage(claims: TokenClaims, currentJti: string): Token {
  return {
    jti: claims.jti,
    login: claims.sub,
    linuxUser: claims.user ?? '',
    authMethod: enumValue(AuthMethod, claims.authMethod),
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
    authMethods: row.authMethods.map((name) => enumValue(AuthMethod, name) ?? AuthMethod.UNSPECIFIED),
    newestIssuedAt: row.newest_issued_at === 0 ? undefined : new Date(row.newest_issued_at * 1000),
    clientAddresses: [...row.addresses],
    sessions,
    links,
  };
}

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
    state: enumValue(LinkState, info.state),
    createdAt,
    sessions,
    version,
  };
}

/**
 * Returns the word for a value of an enum in a filter; undefined for UNSPECIFIED, which selects all. Throws
 * INVALID_ARGUMENT for a value that this version does not know.
 */
export function filterWord<Values extends Readonly<Record<string, number>>>(
  values: Values,
  value: number,
  field: string,
): WordOf<Values> | undefined {
  const word = enumWord(values, value);
  if (word === undefined && value !== 0) throw invalidField(field, `there is no value ${value}`);
  return word;
}

export function sessionMessage(session: Session): SessionMessage {
  const { id, login, linuxUser, directory, jti, attached, exitStatus, endedAtMs, cordon, idle } = session;
  const { usage = {} } = session;
  return {
    id,
    login,
    linuxUser,
    command: session.command.map(bytesOf),
    directory: bytesOf(directory),
    state: enumValue(SessionState, session.state),
    startedAt: new Date(session.startedAtMs),
    endedAt: endedAtMs === undefined ? undefined : new Date(endedAtMs),
    exitStatus,
    oomKills: session.oomKills === undefined ? undefined : Math.min(session.oomKills, INT32_MAX),
    cpuMilliseconds: usage.cpuMs === undefined ? undefined : Math.round(usage.cpuMs),
    memoryBytes: usage.memoryBytes,
    jti,
    socket: session.socket ?? '',
    attached,
    terminal: session.terminal,
    cordon: cordon && { ...cordon, cordonedAt: new Date(cordon.atMs) },
    readableFrom: session.readableFrom,
    idle: idle && {
      action: enumValue(IdleAction, idle.action),
      since: new Date(idle.sinceMs),
      actsAt: new Date(idle.actsAtMs),
    },
    startedBy: session.startedBy ?? '',
  };
}

const INT32_MAX = 2 ** 31 - 1;

/** Most survivors of one receipt, which must fit into a message. */
const MAX_SURVIVORS = 1000;

/** Converts the receipt of an ending; that of a preview is to be marked. */
export function receiptMessage(receipt: Receipt): ReceiptMessage {
  const { verifiedBy } = receipt;
  return {
    jtis: [...receipt.jtis],
    links: [...receipt.links],
    sessions: [...receipt.sessions],
    processes: Math.min(receipt.processes, INT32_MAX), // in part the sum of what links report
    duration: durationOf(receipt.milliseconds),
    survivors: receipt.survivors.slice(0, MAX_SURVIVORS).map(survivorMessage),
    verifiedBy: verifiedBy === undefined ? VerifiedBy.UNSPECIFIED : enumValue(VerifiedBy, verifiedBy),
    keptSessions: [...receipt.keptSessions],
    validateOnly: false,
    stillRunning: receipt.stillRunning.map(runningMessage),
    stillRunningTotal: receipt.stillRunningTotal,
  };
}

function survivorMessage(survivor: Receipt['survivors'][number]): ReceiptMessage['survivors'][number] {
  const { pid, linuxUser, command, sessionId = '', socket = '', isUnconfirmed, isSeen } = survivor;
  const said = { unconfirmed: isUnconfirmed === true, seen: isSeen === true };
  return { pid, linuxUser, command, sessionId, socket, ...said };
}

function runningMessage(running: Receipt['stillRunning'][number]): ReceiptMessage['stillRunning'][number] {
  const { sessionId = '', socket = '', login = '', linuxUser, pids, command } = running;
  const state = { unconfirmed: running.isUnconfirmed, removed: running.isRemoved === true };
  return { sessionId, socket, login, linuxUser, pids: [...pids], command, ...state };
}

/** Returns the times of output as an event of ReadOutput. */
export function timesEvent({ marks, recording }: OutputTimes): { $case: 'times'; value: OutputTimesMessage } {
  const messages = marks.map(({ offset, time, size, late }) => {
    return { offset, printedAt: new Date(time), terminal: size, late };
  });
  return { $case: 'times', value: { marks: messages, recording } };
}
