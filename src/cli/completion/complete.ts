/**
 * The hidden command `latchkey complete -- WORDS`: prints candidates for the last word, for the scripts in
 * this folder. The first line is the kind: `files`, `directories`, `program` with the index of its first word
 * among WORDS on the next line, or `words`, one per line with its description after a tab.
 */
import type { Command } from 'commander';
import { FAILED } from '../../exit-status.ts';
import type { Globals } from '../globals.ts';
import type { Act, Run } from '../run.ts';
import { expectedAt } from './expected.ts';
import { type Candidate, type NameKind, namesOf } from './names.ts';

const TIMEOUT_MS = 2000;

export function addComplete(program: Command, act: Act): void {
  program
    .command('complete [word...]', { hidden: true })
    .passThroughOptions()
    .action(act((run, _options, words) => complete(run, program, words)));
}

async function complete(run: Run, program: Command, words: readonly string[]): Promise<undefined> {
  const expected = expectedAt(program, words);
  const lines = [expected.kind, expected.kind === 'program' ? `${expected.at}` : ''];
  if (expected.kind === 'words') {
    const { candidates, nameKind, prefix, globals } = expected;
    const found = nameKind === undefined ? candidates : await withTimeout(() => ask(run, globals, nameKind));
    lines.splice(1, 1, ...linesStartingWith(words.at(-1) ?? '', prefix, found));
  }
  for (const line of lines) run.out.text(`${line}\n`);
}

async function ask(run: Run, globals: Globals, nameKind: NameKind): Promise<Candidate[]> {
  await using client = await run.newClient(globals);
  return await namesOf(nameKind, client);
}

/**
 * Exits when `work` takes longer than anybody waits after pressing Tab: connecting to a server that does not
 * answer cannot be cancelled.
 */
async function withTimeout<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = setTimeout(() => process.exit(FAILED), TIMEOUT_MS);
  try {
    return await work();
  } finally {
    clearTimeout(deadline);
  }
}

/** Returns the lines of the candidates that begin with `last`. */
function linesStartingWith(last: string, prefix: string, found: readonly Candidate[]): string[] {
  return found
    .filter(([name]) => `${prefix}${name}`.startsWith(last))
    .map(([name, about]) => (about === '' ? `${prefix}${name}` : `${prefix}${name}\t${about}`));
}
