/** A token in a table, on its own, and as JSON. */
import type { Token } from '../../generated/latchkey/v1/token.ts';
import { boolean, type Members, object, string, stringOrNull, timeOrNull } from '../../terminal/json.ts';
import type { Output, Value } from '../../terminal/output.ts';
import type { Column } from '../../terminal/table.ts';

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

export const TOKEN: Members<Token> = {
  jti: string('its id', ({ jti }) => jti),
  login: string('whose it is', ({ login }) => login),
  linuxUser: stringOrNull('the Linux user bound to it', ({ linuxUser }) => linuxUser),
  authMethod: string('how it was got: ssh, link, link-daemon, local, …', ({ authMethod }) => authMethod),
  issuedAt: timeOrNull('when it was issued', ({ issuedAt }) => issuedAt),
  expiresAt: timeOrNull('when it ends by itself', ({ expiresAt }) => expiresAt),
  clientIp: stringOrNull('where the login came from', ({ clientIp }) => clientIp),
  hostname: stringOrNull('the host that issued it', ({ hostname }) => hostname),
  socket: stringOrNull('its link', ({ socket }) => socket),
  daemon: boolean('whether its link is a link daemon', ({ daemon }) => daemon),
  serverId: string('the server that issued it', ({ serverId }) => serverId),
  parentJti: stringOrNull('the token that it was made from', ({ parentJti }) => parentJti),
  current: boolean('whether it is the one that asks', ({ current }) => current),
};

export const ONE_TOKEN: Members<Token> = { token: object('token', TOKEN, (token) => token) };
