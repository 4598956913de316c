/** Names of what the server has: the candidates of a completion that only it knows. */
import type { Client } from '../../client/connect/connect.ts';
import { inert } from '../../inert.ts';
import { links } from '../../nouns/links.ts';
import { logins } from '../../nouns/logins.ts';
import type { ListRequest, Noun } from '../../nouns/noun.ts';
import { sessions } from '../../nouns/sessions.ts';
import { tokens } from '../../nouns/tokens.ts';
import { truncate } from '../../terminal/display-width.ts';

/** One thing that can be named on a command line, and what it is. */
export type Candidate = readonly [name: string, about: string];

/** As many as anybody looks through; the newest. */
const MOST = 100;
/** In columns, of what the shell shows beside a name. */
const WIDEST = 60;
/** What would have to be quoted on a command line is not offered. */
const PLAIN = /^[\w@+.][\w@+.-]*$/;

type List = (client: Client, request: ListRequest) => Promise<Candidate[]>;

/** By what stands for them in help: `<jti>`, `--login <login>`. */
const LISTS = {
  jti: candidatesOf(tokens),
  login: candidatesOf(logins, 'newest_issued_at desc'),
  id: candidatesOf(sessions),
  session: candidatesOf(sessions),
  socket: candidatesOf(links),
  user: async (client, request) => {
    const { items } = await links.list(client, {}, request);
    return items.map(({ linuxUser }) => [linuxUser, '']);
  },
} as const satisfies Readonly<Record<string, List>>;

function candidatesOf<Item>(noun: Noun<Item>, orderBy = ''): List {
  return async (client, request) => {
    const { items } = await noun.list(client, {}, { ...request, orderBy });
    return items.map((item) => [noun.id(item), noun.about(item)]);
  };
}

export type Named = keyof typeof LISTS;

export function isNamed(placeholder: string): placeholder is Named {
  return Object.hasOwn(LISTS, placeholder);
}

/** The names that may be offered. Throws whatever the server does. */
export async function namesOf(named: Named, client: Client): Promise<Candidate[]> {
  return offerable(await LISTS[named](client, { pageSize: MOST, pageToken: '' }));
}

/** Each name once, and only plain words: whoever takes one has it on a command line, unquoted. */
export function offerable(found: readonly Candidate[]): Candidate[] {
  const plain = found.filter(([name]) => PLAIN.test(name));
  return [...new Map(plain)].map(([name, about]) => [name, truncate(inert(about), WIDEST)]);
}
