/**
 * Completion candidates that only the server knows: names of its tokens, sessions, links, logins and users.
 */
import type { Client } from '../../client/connect/connect.ts';
import { inert } from '../../inert.ts';
import { links } from '../../nouns/links.ts';
import { logins } from '../../nouns/logins.ts';
import type { ListRequest, Noun } from '../../nouns/noun.ts';
import { sessions } from '../../nouns/sessions.ts';
import { tokens } from '../../nouns/tokens.ts';
import { truncate } from '../../terminal/display-width.ts';

/** A candidate for the command line, and its description. */
export type Candidate = readonly [name: string, about: string];

/** Largest number of candidates, the newest ones. */
const MAX_NAMES = 100;
/** Longest description that the shell shows beside a name, in columns. */
const MAX_HINT_WIDTH = 60;
/** Names that need no quoting on a command line; no others are offered. */
const PLAIN = /^[\w@+.][\w@+.-]*$/;

type List = (client: Client, request: ListRequest) => Promise<Candidate[]>;

/** Lists by their placeholder in the help: `<jti>`, `--login <login>`. */
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
    return items.map((item) => [noun.id(item), noun.hint(item)]);
  };
}

export type NameKind = keyof typeof LISTS;

export function isNameKind(placeholder: string): placeholder is NameKind {
  return Object.hasOwn(LISTS, placeholder);
}

/** Returns the names to offer. Throws the server's errors. */
export async function namesOf(kind: NameKind, client: Client): Promise<Candidate[]> {
  return plainNames(await LISTS[kind](client, { pageSize: MAX_NAMES, pageToken: '' }));
}

/** Removes duplicates, and names that would need quoting on a command line. */
export function plainNames(found: readonly Candidate[]): Candidate[] {
  const plain = found.filter(([name]) => PLAIN.test(name));
  return [...new Map(plain)].map(([name, about]) => [name, truncate(inert(about), MAX_HINT_WIDTH)]);
}
