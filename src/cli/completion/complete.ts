/**
 * `latchkey complete -- WORDS`: what could complete the last of the words, for the scripts beside this file; in
 * no help, since nobody types it. The first line says of what kind it is: files, directories, program with the
 * place of its first word among WORDS on the next line, or words, one a line with what it is behind a tab.
 */
import type { Command } from 'commander';
import type { Act, Run } from '../run.ts';
import { type Candidate, namesOf } from './names.ts';
import { wantedAt } from './wanted.ts';

export function addComplete(program: Command, act: Act): void {
  program
    .command('complete [word...]', { hidden: true })
    .passThroughOptions()
    .action(act((run, _options, words) => complete(run, program, words)));
}

async function complete(run: Run, program: Command, words: readonly string[]): Promise<undefined> {
  const wanted = wantedAt(program, words);
  const lines = [wanted.kind, wanted.kind === 'program' ? `${wanted.at}` : ''];
  if (wanted.kind === 'words') {
    const { candidates, named, prefix, globals } = wanted;
    await using client = named === undefined ? undefined : await run.newClient(globals);
    const found = named === undefined || client === undefined ? candidates : await namesOf(named, client);
    lines.splice(1, 1, ...begunBy(words.at(-1) ?? '', prefix, found));
  }
  for (const line of lines) run.out.text(`${line}\n`);
}

/** The lines of what begins as `last` does. */
function begunBy(last: string, prefix: string, found: readonly Candidate[]): string[] {
  return found
    .filter(([name]) => `${prefix}${name}`.startsWith(last))
    .map(([name, about]) => (about === '' ? `${prefix}${name}` : `${prefix}${name}\t${about}`));
}
