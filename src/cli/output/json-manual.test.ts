import { expect, it } from 'vitest';
import { PROMISED } from '../../../test/support/server/promised-json.ts';
import { Link } from '../../generated/latchkey/v1/link.ts';
import { Session } from '../../generated/latchkey/v1/session.ts';
import { Token } from '../../generated/latchkey/v1/token.ts';
import { links } from '../../nouns/links.ts';
import { sessions } from '../../nouns/sessions.ts';
import { tokens } from '../../nouns/tokens.ts';
import { asJson } from '../../terminal/json.ts';
import { type Description, jsonManual } from './json-manual.ts';

function inShort(description: Description): string {
  return Object.entries(description)
    .map(([name, { type }]) => `${name}: ${type}`)
    .join(', ');
}

it('prints for programs what has been promised, and nothing that has not', () => {
  const { documents, events, failure, objects } = jsonManual();
  const all = { ...documents, ...events, failure, ...objects };
  const described = Object.entries(all).map(([name, description]) => [name, inShort(description)]);
  expect(Object.fromEntries(described)).toEqual(PROMISED);
});

it('describes every object that it speaks of', () => {
  const { documents, events, failure, objects } = jsonManual();
  const all = [documents, events, { failure }, objects].flatMap((each) => Object.values(each));
  const types = all.flatMap((each) => Object.values(each));
  const words = types.map(({ type }) => type.replace(/^array of | or null$/g, ''));
  const plain = ['string', 'integer', 'boolean', 'time', 'any'];
  for (const word of words) expect([...plain, ...Object.keys(objects)]).toContain(word);
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
  expect(asPrinted(asJson(tokens.members, Token.fromPartial(token)))).toEqual(asPrinted(token));
  expect(asPrinted(asJson(links.members, Link.fromPartial(link)))).toEqual(asPrinted({ ...link, state }));
  expect(asPrinted(asJson(sessions.members, Session.fromPartial(session)))).toEqual(
    asPrinted({ ...session, state }),
  );
});

function asPrinted(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}
