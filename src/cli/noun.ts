/** A noun: alone it lists, with a verb behind it does that. */
import type { Command } from 'commander';
import { AppError } from '../errors.ts';
import type { Act, Work } from './run.ts';

/** How a noun lists; the options are parsed for the bare noun and for `list` alike. */
export interface Listing<Options extends object> {
  readonly options: (command: Command) => Command;
  readonly work: Work<Options>;
}

/** Adds noun `name` to `program`; verbs are added to what this returns. */
export function addNoun<Options extends object>(
  program: Command,
  act: Act,
  name: string,
  description: string,
  listing: Listing<Options>,
): Command {
  const noun = listing.options(program.command(name).description(description));
  noun
    .enablePositionalOptions()
    .usage(`[options] [list]\n       latchkey ${name} COMMAND …`)
    .allowExcessArguments()
    .action(
      act<Options>((run, options, words) => {
        refuseWord(noun, words[0]);
        return listing.work(run, options, words);
      }),
    );
  listing
    .options(noun.command('list').description('list them, as the bare word does'))
    .action(act<Options>(listing.work));
  return noun;
}

/** Throws USAGE for a word behind the noun that is none of its verbs. */
export function refuseWord(noun: Command, word: string | undefined): void {
  if (word === undefined) return;
  const verbs = noun.commands.map((command) => command.name()).join(', ');
  throw new AppError('USAGE', `unknown command '${noun.name()} ${word}'; there are ${verbs}`);
}
