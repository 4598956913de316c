/** Everything that --json prints, for the manual: from the definitions that it is made by. */

import type { Members } from '../../terminal/json.ts';
import { LINKS } from '../commands/links.ts';
import { LOGGED_IN } from '../commands/login.ts';
import { SESSIONS } from '../commands/sessions.ts';
import { STATUS } from '../commands/status.ts';
import { TOKENS, VERIFIED } from '../commands/tokens.ts';
import { TRUSTED } from '../commands/trust.ts';
import { VERSIONS } from '../commands/version.ts';
import { WHOAMI } from '../commands/whoami.ts';
import { eventMembers } from '../watch/watch.ts';
import { ERROR, FAILURE } from './json-failure.ts';
import { LINK } from './link-view.ts';
import { listMembers } from './listing.ts';
import { ENDED, RECEIPT, SURVIVOR } from './receipt-view.ts';
import { ONE_SESSION, SESSION } from './session-view.ts';
import { ONE_TOKEN, TOKEN } from './token-view.ts';
import type { View } from './view.ts';

export interface Described {
  readonly type: string;
  readonly about: string;
}

/** Members by name. */
export type Description = Readonly<Record<string, Described>>;

/** What a command prints. */
const DOCUMENTS: Readonly<Record<string, Members<never>>> = {
  latchkey: STATUS,
  'latchkey whoami': WHOAMI,
  'latchkey login': LOGGED_IN,
  'latchkey trust': TRUSTED,
  'latchkey tokens': listMembers(TOKENS),
  'latchkey tokens show': ONE_TOKEN,
  'latchkey tokens verify': VERIFIED,
  'latchkey links': listMembers(LINKS),
  'latchkey links start': LINK,
  'latchkey sessions': listMembers(SESSIONS),
  'latchkey sessions show, latchkey start --detach': ONE_SESSION,
  'latchkey logout, tokens revoke, links stop, sessions end': ENDED,
  'latchkey version': VERSIONS,
};

/** What they are made of. */
const OBJECTS: Readonly<Record<string, Members<never>>> = {
  token: TOKEN,
  link: LINK,
  session: SESSION,
  receipt: RECEIPT,
  survivor: SURVIVOR,
  error: ERROR,
};

/** What other rooms print. */
const ELSEWHERE: Readonly<Record<string, Description>> = {
  'latchkey config check': {
    ok: { type: 'boolean', about: 'true; what is not in order is a failure' },
    mode: { type: 'string', about: 'system or self' },
    file: { type: 'string or null', about: 'the file that was read' },
    set: { type: 'integer', about: 'how many settings are not the default' },
  },
  'latchkey config show': {
    mode: { type: 'string', about: 'system or self' },
    file: { type: 'string or null', about: 'the file that was read' },
    settings: { type: 'array of setting', about: 'all of them' },
  },
  'latchkey doctor': { findings: { type: 'array of finding', about: 'what was looked at' } },
};

const OBJECTS_ELSEWHERE: Readonly<Record<string, Description>> = {
  setting: {
    name: { type: 'string', about: 'a.b for b in the section a' },
    value: { type: 'any', about: 'what is in force; secrets are "[secret]"' },
    source: { type: 'string', about: 'flag, environment, file or default' },
    where: { type: 'string', about: 'the file and line, or the variable' },
  },
  finding: {
    check: { type: 'string', about: 'what was looked at' },
    status: { type: 'string', about: 'ok, warning, problem or skipped' },
    summary: { type: 'string', about: 'what was found' },
    remedy: { type: 'string or null', about: 'what helps' },
  },
};

export const FAILURE_DESCRIPTION = describe(FAILURE);
export const OBJECT_DESCRIPTIONS = { ...describeAll(OBJECTS), ...OBJECTS_ELSEWHERE };
export const DOCUMENT_DESCRIPTIONS = { ...describeAll(DOCUMENTS), ...ELSEWHERE };

/** A line of a watch, by noun and event. */
export const EVENT_DESCRIPTIONS: Readonly<Record<string, Description>> = Object.fromEntries(
  [eventsOf(TOKENS), eventsOf(LINKS), eventsOf(SESSIONS)].flat(),
);

function eventsOf<Item>(view: View<Item>): [string, Description][] {
  return Object.entries(eventMembers(view)).map(([event, members]) => [
    `latchkey ${view.nouns} --watch: ${event}`,
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
