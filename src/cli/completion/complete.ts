/** `latchkey known`: what the server knows by name, for the shells' completion; in no help, since nobody types it. */
import type { Command } from 'commander';
import type { Client } from '../../client/connect/connect.ts';
import { inert } from '../../inert.ts';
import { truncate } from '../../terminal/display-width.ts';
import { shellWords } from '../../terminal/shell-words.ts';
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
  token: async ({ tokens }: Client): Promise<Candidate[]> => {
    const page = await tokens.listTokens({ pageSize: MOST });
    return page.tokens.map(({ jti, login, authMethod }) => [jti, `${login}, ${authMethod}`]);
  },
  login: async ({ tokens }: Client): Promise<Candidate[]> => {
    const page = await tokens.listTokens({ pageSize: MOST });
    return page.tokens.map(({ login, linuxUser }) => [login, linuxUser]);
  },
  session: async ({ sessions }: Client): Promise<Candidate[]> => {
    const page = await sessions.listSessions({ pageSize: MOST });
    return page.sessions.map(({ id, login, command }) => [id, `${login}: ${shellWords(command)}`]);
  },
  link: async ({ links }: Client): Promise<Candidate[]> => {
    const page = await links.listLinks({ pageSize: MOST });
    return page.links.map(({ socket, linuxUser }) => [socket, linuxUser]);
  },
  user: async ({ links }: Client): Promise<Candidate[]> => {
    const page = await links.listLinks({ pageSize: MOST });
    return page.links.map(({ linuxUser }) => [linuxUser, '']);
  },
} as const;

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
