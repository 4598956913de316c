/** `latchkey known`: what the server knows by name, for the shells' completion; in no help, since nobody types it. */
import type { Command } from 'commander';
import type { Client } from '../../client/connect/connect.ts';
import { inert } from '../../inert.ts';
import { links } from '../../nouns/links.ts';
import { logins } from '../../nouns/logins.ts';
import type { Noun } from '../../nouns/noun.ts';
import { sessions } from '../../nouns/sessions.ts';
import { tokens } from '../../nouns/tokens.ts';
import { truncate } from '../../terminal/display-width.ts';
import type { Act, Run } from '../run.ts';

/** One thing that can be named on a command line, and what it is. */
type Candidate = readonly [name: string, about: string];

/** As many as anybody looks through; the newest. */
const MOST = 100;
/** A line of what the shell shows beside it. */
const WIDEST = 60;
/** What would have to be quoted on a command line is not offered. */
const PLAIN = /^[\w@+.][\w@+.-]*$/;

const LISTS = {
  token: candidatesOf(tokens),
  login: candidatesOf(logins, 'newest_issued_at desc'),
  session: candidatesOf(sessions),
  link: candidatesOf(links),
  user: async (client: Client): Promise<Candidate[]> => {
    const { items } = await links.list(client, {}, { pageSize: MOST, pageToken: '' });
    return items.map(({ linuxUser }) => [linuxUser, '']);
  },
} as const;

function candidatesOf<Item>(noun: Noun<Item>, orderBy = '') {
  return async (client: Client): Promise<Candidate[]> => {
    const { items } = await noun.list(client, {}, { orderBy, pageSize: MOST, pageToken: '' });
    return items.map((item) => [noun.id(item), noun.about(item)]);
  };
}

export type Known = keyof typeof LISTS;
const KINDS = Object.keys(LISTS) as Known[];

export function addKnown(program: Command, act: Act): void {
  program
    .command('known', { hidden: true })
    .addArgument(program.createArgument('<kind>').choices(KINDS))
    .action(act((run, _options, [kind]) => known(run, kind as Known)));
}

async function known(run: Run, kind: Known): Promise<undefined> {
  const found = await LISTS[kind](await run.client());
  for (const line of candidateLines(found)) run.out.text(`${line}\n`);
}

/** "NAME<TAB>ABOUT" a line, each name once; shells take names for words of their language. */
export function candidateLines(found: readonly Candidate[]): string[] {
  const plain = found.filter(([name]) => PLAIN.test(name));
  return [...new Map(plain)].map(([name, about]) => `${name}\t${truncate(inert(about), WIDEST)}`);
}
