/** A token in a table, on its own, and as JSON. */
import type { Token } from '../generated/latchkey/v1/token.ts';
import type { Column } from '../terminal/table.ts';
import { iso, orNull } from './json.ts';
import type { Output, Value } from './output.ts';

export const TOKEN_COLUMNS: readonly Column[] = [
  { title: 'TOKEN' },
  { title: 'LOGIN', shrinks: true },
  { title: 'USER', shrinks: true },
  { title: 'METHOD', shrinks: true },
  { title: 'ISSUED', optional: true },
  { title: 'EXPIRES' },
  { title: 'FROM', shrinks: true, optional: true },
];

export function tokenRow(out: Output, token: Token): Value[] {
  const id = token.current ? { text: token.jti, style: 'good' as const } : token.jti;
  return [
    id,
    token.login,
    token.linuxUser,
    token.daemon ? 'link daemon' : token.authMethod,
    out.time(token.issuedAt),
    out.time(token.expiresAt),
    token.clientIp || token.hostname,
  ];
}

export function tokenFields(out: Output, token: Token): [string, Value | undefined][] {
  return [
    ['token', token.jti],
    ['login', token.login],
    ['Linux user', token.linuxUser],
    ['method', token.authMethod],
    ['issued', out.time(token.issuedAt, 2)],
    ['expires', out.time(token.expiresAt, 2)],
    ['from', token.clientIp],
    ['host', token.hostname],
    ['link', token.socket],
    ['link daemon', token.daemon ? 'yes' : undefined],
    ['made from', token.parentJti],
    ['server id', token.serverId],
    ['this token', token.current ? 'yes' : undefined],
  ];
}

/** Stable: fields are added, never renamed or dropped. Absent values are null, times ISO 8601. */
export function tokenJson(token: Token): object {
  return {
    jti: token.jti,
    login: token.login,
    linuxUser: orNull(token.linuxUser),
    authMethod: token.authMethod,
    issuedAt: iso(token.issuedAt),
    expiresAt: iso(token.expiresAt),
    clientIp: orNull(token.clientIp),
    hostname: orNull(token.hostname),
    socket: orNull(token.socket),
    daemon: token.daemon,
    serverId: token.serverId,
    parentJti: orNull(token.parentJti),
    current: token.current,
  };
}
