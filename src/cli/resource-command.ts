/** A noun: alone it lists, with a verb behind it does that. */
import type { Command } from 'commander';
import { firstItems } from '../client/pages.ts';
import { suggestion } from '../config/suggest.ts';
import { AppError } from '../errors.ts';
import { showList } from './output/listing.ts';
import { limitOf, type Paging, pagingOptions } from './output/paging.ts';
import type { Listing } from './output/view.ts';
import { type Act, ASKING, type Run, type Work } from './run.ts';
import { drawWatch } from './watch/draw-watch.ts';
import { showWatch } from './watch/watch.ts';

/** What a list takes beside its noun's own options. */
interface ListOptions extends Paging {
  readonly watch?: boolean;
  readonly sort?: string;
}

/** Adds a noun to `program`; verbs are added to what this returns. */
export function addResource<Item, Options extends object>(
  program: Command,
  act: Act,
  description: string,
  listing: Listing<Item, Options>,
): Command {
  const list: Work<Options & ListOptions> = async (run, options) => {
    if (options.watch === true) return watch(run, options, listing);
    const client = await run.client();
    let waiting = ASKING;
    const collecting = firstItems(
      limitOf(options),
      (pageSize, pageToken) => listing.page(client, options, { pageSize, pageToken }),
      (count, total) => {
        waiting = `listing: ${count} of ${total} ${listing.nouns}`;
      },
    );
    const listed = await run.out.whileWaiting(() => waiting, collecting);
    return showList(run, listed, listing);
  };
  const withOptions = (command: Command): Command =>
    pagingOptions(listing.addOptions(command)).option('-w, --watch', 'go on, and show every change');
  const noun = withOptions(program.command(listing.nouns).description(description));
  noun
    .enablePositionalOptions()
    .usage(`[options] [list]\n       latchkey ${listing.nouns} COMMAND …`)
    .allowExcessArguments()
    .action(
      act<Options & ListOptions>((run, options, words) => {
        refuseWord(noun, words[0]);
        return list(run, options, words);
      }),
    );
  withOptions(noun.command('list').description('list them, as the bare word does')).action(act(list));
  pagingOptions(listing.addOptions(noun.command('watch').description('list --watch'))).action(
    act<Options & ListOptions>((run, options) => watch(run, options, listing)),
  );
  return noun;
}

/** On a terminal the table, drawn again as it changes; else every change as it comes. */
function watch<Item, Options extends object>(
  run: Run,
  options: Options & ListOptions,
  listing: Listing<Item, Options>,
): Promise<number | undefined> {
  const { stdout, env } = run.io;
  if (options.all === true) throw new AppError('USAGE', 'a watch shows what fits; leave out --all');
  if (stdout.isTTY === true && env.TERM !== 'dumb' && !run.out.json && !run.out.quiet)
    return drawWatch(run, options, listing);
  if (options.limit !== undefined || options.sort !== undefined) {
    throw new AppError('USAGE', '--sort and --limit are for a table; changes come as they happen');
  }
  return showWatch(run, options, listing);
}

/** Throws USAGE for a word behind the noun that is none of its verbs. */
export function refuseWord(noun: Command, word: string | undefined): void {
  if (word === undefined) return;
  const verbs = noun.commands.map((command) => command.name());
  const meant = suggestion(word, verbs).replace(/ (.+)/, ' ($1)');
  throw new AppError(
    'USAGE',
    `unknown command '${noun.name()} ${word}'${meant}; there are ${verbs.join(', ')}`,
  );
}
