/**
 * Describes everything that --json prints, for its manual page, from the definitions that print it.
 */
import { links } from '../../nouns/links.ts';
import { logins } from '../../nouns/logins.ts';
import type { Printed } from '../../nouns/noun.ts';
import { CORDON, IDLE, sessions } from '../../nouns/sessions.ts';
import { tokens } from '../../nouns/tokens.ts';
import type { Members } from '../../terminal/json.ts';
import { CA, FINGERPRINT } from '../commands/ca.ts';
import { LOGGED_IN } from '../commands/login.ts';
import { CORDONED, DISCONNECTED } from '../commands/sessions/cordons.ts';
import { STATUS } from '../commands/status.ts';
import { VERIFIED } from '../commands/tokens.ts';
import { TRUSTED } from '../commands/trust.ts';
import { VERSIONS } from '../commands/version.ts';
import { WHOAMI } from '../commands/whoami.ts';
import { COPIED } from '../copy/tally.ts';
import { eventMembers } from '../watch/watch.ts';
import { ERROR, FAILURE } from './json-failure.ts';
import { itemMembers, listMembers } from './listing.ts';
import { ENDED, RECEIPT, STILL_RUNNING, SURVIVOR } from './receipt-view.ts';

export interface Described {
  readonly type: string;
  readonly about: string;
}

/** Members by name. */
export type Description = Readonly<Record<string, Described>>;

/** Documents that code outside of src/cli prints. */
const ELSEWHERE: Readonly<Record<string, Description>> = {
  'latchkey config check': {
    ok: { type: 'boolean', about: 'always true; an invalid configuration is a failure' },
    mode: { type: 'string', about: 'system or self' },
    file: { type: 'string or null', about: 'the file that was read' },
    set: { type: 'integer', about: 'number of settings that are not the default' },
  },
  'latchkey config show': {
    mode: { type: 'string', about: 'system or self' },
    file: { type: 'string or null', about: 'the file that was read' },
    settings: { type: 'array of setting', about: 'every setting' },
  },
  'latchkey doctor': { findings: { type: 'array of finding', about: 'results of the checks' } },
};

const OBJECTS_ELSEWHERE: Readonly<Record<string, Description>> = {
  setting: {
    name: { type: 'string', about: 'name with its section, such as a.b' },
    value: { type: 'any', about: 'value in force; a secret is "[secret]"' },
    source: { type: 'string', about: 'flag, environment, file or default' },
    where: { type: 'string', about: 'file and line, or variable' },
  },
  finding: {
    check: { type: 'string', about: 'name of the check' },
    status: { type: 'string', about: 'ok, warning, problem or skipped' },
    summary: { type: 'string', about: 'result' },
    remedy: { type: 'string or null', about: 'how to fix it' },
  },
};

/** Documents by command, events of a watch by noun, and objects by name. */
export interface JsonManual {
  readonly documents: Readonly<Record<string, Description>>;
  readonly events: Readonly<Record<string, Description>>;
  readonly failure: Description;
  readonly objects: Readonly<Record<string, Description>>;
}

export interface PrintedNouns {
  readonly logins: Printed<never>;
  readonly tokens: Printed<never>;
  readonly links: Printed<never>;
  readonly sessions: Printed<never>;
}

/** Returns the description of everything that --json prints. */
export function jsonManual(nouns: PrintedNouns = { logins, tokens, links, sessions }): JsonManual {
  return {
    documents: { ...describeAll(documentsOf(nouns)), ...ELSEWHERE },
    events: Object.fromEntries([nouns.tokens, nouns.links, nouns.sessions].flatMap(eventsOf)),
    failure: describe(FAILURE),
    objects: { ...describeAll(objectsOf(nouns)), ...OBJECTS_ELSEWHERE },
  };
}

function documentsOf({
  logins,
  tokens,
  links,
  sessions,
}: PrintedNouns): Readonly<Record<string, Members<never>>> {
  return {
    latchkey: STATUS,
    'latchkey whoami': WHOAMI,
    'latchkey login': LOGGED_IN,
    'latchkey trust': TRUSTED,
    'latchkey fingerprint': FINGERPRINT,
    'latchkey ca': CA,
    'latchkey logins': listMembers(logins),
    'latchkey tokens': listMembers(tokens),
    'latchkey tokens show': itemMembers(tokens),
    'latchkey tokens verify': VERIFIED,
    'latchkey links': listMembers(links),
    'latchkey links start': links.members,
    'latchkey sessions': listMembers(sessions),
    'latchkey sessions show, latchkey start --detach': itemMembers(sessions),
    'latchkey sessions cordon': CORDONED,
    'latchkey sessions uncordon': itemMembers(sessions),
    'latchkey sessions disconnect': DISCONNECTED,
    'latchkey logout, tokens revoke, links stop, sessions end': ENDED,
    'latchkey cp': COPIED,
    'latchkey version': VERSIONS,
  };
}

/** Returns the objects that documents are made of. */
function objectsOf({
  logins,
  tokens,
  links,
  sessions,
}: PrintedNouns): Readonly<Record<string, Members<never>>> {
  return {
    login: logins.members,
    token: tokens.members,
    link: links.members,
    session: sessions.members,
    cordon: CORDON,
    idle: IDLE,
    receipt: RECEIPT,
    survivor: SURVIVOR,
    stillRunning: STILL_RUNNING,
    error: ERROR,
  };
}

function eventsOf(noun: Printed<never>): [string, Description][] {
  return Object.entries(eventMembers(noun)).map(([event, members]) => [
    `latchkey ${noun.many} --watch: ${event}`,
    { event: { type: 'string', about: event }, ...describe(members) },
  ]);
}

function describeAll(all: Readonly<Record<string, Members<never>>>): Readonly<Record<string, Description>> {
  return Object.fromEntries(Object.entries(all).map(([name, members]) => [name, describe(members)]));
}

function describe(members: Members<never>): Description {
  return Object.fromEntries(
    Object.entries(members).map(([name, { type, about }]) => [name, { type, about }]),
  );
}
