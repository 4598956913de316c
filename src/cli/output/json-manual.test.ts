import { expect, it } from 'vitest';
import { Link } from '../../generated/latchkey/v1/link.ts';
import { Session } from '../../generated/latchkey/v1/session.ts';
import { Token } from '../../generated/latchkey/v1/token.ts';
import { asJson } from '../../terminal/json.ts';
import {
  type Description,
  DOCUMENT_DESCRIPTIONS,
  EVENT_DESCRIPTIONS,
  FAILURE_DESCRIPTION,
  OBJECT_DESCRIPTIONS,
} from './json-manual.ts';
import { LINK } from './link-view.ts';
import { SESSION } from './session-view.ts';
import { TOKEN } from './token-view.ts';

/** What programs rely on. Members may be added, here too; none may be renamed, dropped or of another type. */
const PROMISED: Readonly<Record<string, string>> = {
  latchkey:
    'server: string or null, version: string or null, login: string or null, linuxUser: string or null, role: string or null, expiresAt: time or null, links: integer or null, sessions: integer or null, problem: string or null',
  'latchkey whoami': 'role: string, server: string, token: token',
  'latchkey login': 'server: string, token: token',
  'latchkey trust': 'server: string, fingerprint: string',
  'latchkey tokens': 'tokens: array of token, total: integer',
  'latchkey tokens show': 'token: token',
  'latchkey tokens verify': 'active: boolean, reason: string or null, token: token or null',
  'latchkey links': 'links: array of link, total: integer',
  'latchkey links start':
    'socket: string, linuxUser: string, uid: integer, pid: integer, daemon: boolean, jti: string, state: string, createdAt: time or null, sessions: integer, version: string',
  'latchkey sessions': 'sessions: array of session, total: integer',
  'latchkey sessions show, latchkey start --detach': 'session: session',
  'latchkey logout, tokens revoke, links stop, sessions end': 'receipt: receipt',
  'latchkey version': 'version: string, commit: string or null, nodeVersion: string',
  'latchkey config check': 'ok: boolean, mode: string, file: string or null, set: integer',
  'latchkey config show': 'mode: string, file: string or null, settings: array of setting',
  'latchkey doctor': 'findings: array of finding',
  'latchkey tokens --watch: there': 'event: string, token: token',
  'latchkey tokens --watch: gone': 'event: string, id: string',
  'latchkey tokens --watch: complete': 'event: string',
  'latchkey links --watch: there': 'event: string, link: link',
  'latchkey links --watch: gone': 'event: string, id: string',
  'latchkey links --watch: complete': 'event: string',
  'latchkey sessions --watch: there': 'event: string, session: session',
  'latchkey sessions --watch: gone': 'event: string, id: string',
  'latchkey sessions --watch: complete': 'event: string',
  failure: 'error: error',
  token:
    'jti: string, login: string, linuxUser: string or null, authMethod: string, issuedAt: time or null, expiresAt: time or null, clientIp: string or null, hostname: string or null, socket: string or null, daemon: boolean, serverId: string, parentJti: string or null, current: boolean',
  link: 'socket: string, linuxUser: string, uid: integer, pid: integer, daemon: boolean, jti: string, state: string, createdAt: time or null, sessions: integer, version: string',
  session:
    'id: string, login: string, linuxUser: string, command: array of string, directory: string or null, state: string, startedAt: time or null, endedAt: time or null, exitStatus: integer or null, jti: string, socket: string or null, attached: integer',
  receipt:
    'jtis: array of string, links: array of string, sessions: array of string, processes: integer, milliseconds: integer, survivors: array of survivor, verifiedBy: string or null, keptSessions: array of string',
  survivor: 'pid: integer, linuxUser: string, command: string',
  error: 'reason: string, message: string, status: integer',
  setting: 'name: string, value: any, source: string, where: string',
  finding: 'check: string, status: string, summary: string, remedy: string or null',
};

function inShort(description: Description): string {
  return Object.entries(description)
    .map(([name, { type }]) => `${name}: ${type}`)
    .join(', ');
}

it('prints for programs what has been promised, and nothing that has not', () => {
  const all = {
    ...DOCUMENT_DESCRIPTIONS,
    ...EVENT_DESCRIPTIONS,
    failure: FAILURE_DESCRIPTION,
    ...OBJECT_DESCRIPTIONS,
  };
  const described = Object.entries(all).map(([name, description]) => [name, inShort(description)]);
  expect(Object.fromEntries(described)).toEqual(PROMISED);
});

it('describes every object that it speaks of', () => {
  const all = [
    ...Object.values(DOCUMENT_DESCRIPTIONS),
    ...Object.values(EVENT_DESCRIPTIONS),
    FAILURE_DESCRIPTION,
  ];
  const types = [...all, ...Object.values(OBJECT_DESCRIPTIONS)].flatMap((each) => Object.values(each));
  const words = types.map(({ type }) => type.replace(/^array of | or null$/g, ''));
  const plain = ['string', 'integer', 'boolean', 'time', 'any'];
  for (const word of words) expect([...plain, ...Object.keys(OBJECT_DESCRIPTIONS)]).toContain(word);
});

it('prints under each name what the protocol has under it', () => {
  const common = { jti: 'jti', linuxUser: 'linuxUser', socket: 'socket' };
  const token = {
    ...common,
    login: 'login',
    authMethod: 'authMethod',
    issuedAt: new Date(1),
    expiresAt: new Date(2),
    clientIp: 'clientIp',
    hostname: 'hostname',
    daemon: true,
    serverId: 'serverId',
    parentJti: 'parentJti',
    current: false,
  };
  const link = {
    ...common,
    uid: 1,
    pid: 2,
    daemon: true,
    createdAt: new Date(3),
    sessions: 4,
    version: 'version',
  };
  const session = {
    ...common,
    id: 'id',
    login: 'login',
    command: ['command'],
    directory: 'directory',
    startedAt: new Date(1),
    endedAt: new Date(2),
    exitStatus: 3,
    attached: 4,
  };
  const state = 'unknown';
  expect(asPrinted(asJson(TOKEN, Token.fromPartial(token)))).toEqual(asPrinted(token));
  expect(asPrinted(asJson(LINK, Link.fromPartial(link)))).toEqual(asPrinted({ ...link, state }));
  expect(asPrinted(asJson(SESSION, Session.fromPartial(session)))).toEqual(asPrinted({ ...session, state }));
});

function asPrinted(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}
