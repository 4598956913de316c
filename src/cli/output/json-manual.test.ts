import { expect, it } from 'vitest';
import { PROMISED } from '../../../test/support/server/promised-json.ts';
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
