/** The command of a noun, which lists its items, and its subcommands `list` and `watch`. */
import { type Command, Option } from 'commander';
import { firstItems } from '../client/pages.ts';
import { suggestion } from '../config/suggest.ts';
import { AppError } from '../errors.ts';
import { type ListedNoun, ordersOf, type PrintedNoun, type Selection } from '../nouns/noun.ts';
import { withSuggestions } from './option.ts';
import { showList } from './output/listing.ts';
import { limitOf, type Paging, pagingOptions } from './output/paging.ts';
import { type Act, type Run, WAITING, type Work } from './run.ts';
import { drawWatch } from './watch/draw-watch.ts';
import { showWatch } from './watch/watch.ts';

/** The options of every list. */
interface ListOptions extends Paging {
  readonly filter?: string;
  readonly sort?: string;
  readonly watch?: boolean;
}

export interface Listing<Item, Options extends object> {
  readonly noun: ListedNoun<Item>;
  readonly description: string;
  /** Adds the options that only this noun has. */
  readonly addOptions: (command: Command) => Command;
  /** Reads those options. */
  readonly select: (options: Options) => Selection;
}

/** A noun whose command also watches its items. */
export interface Resource<Item, Options extends object> extends Listing<Item, Options> {
  readonly noun: PrintedNoun<Item>;
}

/** Adds the command of a noun to `program`, and returns it for subcommands. */
export function addResource<Item, Options extends object>(
  program: Command,
  act: Act,
  resource: Resource<Item, Options>,
): Command {
  const { noun, select } = resource;
  const watching: Work<Options & ListOptions> = async (run, options) =>
    watch(run, options, noun, selectionOf(select, options));
  const listing = listWork(resource);
  const work: Work<Options & ListOptions> = (run, options, words) =>
    options.watch === true ? watching(run, options, words) : listing(run, options, words);
  const command = addCommand(program, act, resource, { work, addOptions: addWatchOption });
  const watchCommand = command.command('watch').description('the same as list --watch');
  addListOptions(watchCommand, resource).action(act(watching));
  return command;
}

/** Adds the command of a noun that is only listed. */
export function addListing<Item, Options extends object>(
  program: Command,
  act: Act,
  listing: Listing<Item, Options>,
): void {
  addCommand(program, act, listing, { work: listWork(listing), addOptions: (command) => command });
}

interface ListCommand<Options extends object> {
  readonly work: Work<Options & ListOptions>;
  readonly addOptions: (command: Command) => Command;
}

/** Adds a noun's command and its subcommand `list`, which do the same. */
function addCommand<Item, Options extends object>(
  program: Command,
  act: Act,
  listing: Listing<Item, Options>,
  { work, addOptions }: ListCommand<Options>,
): Command {
  const { noun, description } = listing;
  const command = addListOptions(program.command(noun.many).description(description), listing);
  addOptions(command)
    .enablePositionalOptions()
    .usage(`[options] [list]\n       latchkey ${noun.many} COMMAND …`)
    .allowExcessArguments()
    .action(
      act<Options & ListOptions>((run, options, words) => {
        refuseUnknownCommand(command, words[0]);
        return work(run, options, words);
      }),
    );
  const list = command.command('list').description(`list ${noun.many} (the default)`);
  addOptions(addListOptions(list, listing)).action(act(work));
  return command;
}

function addListOptions<Item, Options extends object>(
  command: Command,
  { noun, addOptions }: Listing<Item, Options>,
): Command {
  const orders = ordersOf(noun);
  const sort = withSuggestions(new Option('--sort <field>', sortHelp(orders)), orders);
  addOptions(command).option('--filter <text>', `only those with this text in ${noun.searchedFields}`);
  return pagingOptions(command.addOption(sort));
}

function addWatchOption(command: Command): Command {
  return command.option('-w, --watch', 'keep running, and show every change');
}

function selectionOf<Options extends ListOptions>(
  select: (options: Options) => Selection,
  options: Options,
): Selection {
  return { ...select(options), text: options.filter };
}

function listWork<Item, Options extends object>({
  noun,
  select,
}: Listing<Item, Options>): Work<Options & ListOptions> {
  return async (run, options) => {
    const selection = selectionOf(select, options);
    const client = await run.client();
    let waiting = WAITING;
    const collecting = firstItems(
      limitOf(options),
      (pageSize, pageToken) => noun.list(client, selection, { orderBy: options.sort, pageSize, pageToken }),
      (count, total) => {
        waiting = `listing: ${count} of ${total} ${noun.many}`;
      },
    );
    return showList(run, await run.out.whileWaiting(() => waiting, collecting), noun);
  };
}

/**
 * Returns "id, login or state; 'login desc' for descending order". The example is the second order, since the
 * first is the id.
 */
function sortHelp(orders: readonly string[]): string {
  return `${orders.slice(0, -1).join(', ')} or ${orders.at(-1)}; '${orders[1]} desc' for descending order`;
}

/** On a terminal, redraws the table as it changes; elsewhere prints each change. */
function watch<Item>(
  run: Run,
  options: ListOptions,
  noun: PrintedNoun<Item>,
  selection: Selection,
): Promise<number | undefined> {
  const { stdout, env } = run.io;
  if (options.all === true) throw new AppError('USAGE', '--watch shows as many as fit; leave out --all');
  if (stdout.isTTY === true && env.TERM !== 'dumb' && !run.out.json && !run.out.quiet)
    return drawWatch(run, { noun, selection, orderBy: options.sort, limit: options.limit });
  if (options.limit !== undefined || options.sort !== undefined) {
    throw new AppError(
      'USAGE',
      '--sort and --limit need a terminal; elsewhere changes are printed as they happen',
    );
  }
  return showWatch(run, { noun, selection });
}

/** Throws USAGE for a word after the noun: it is not a subcommand. */
export function refuseUnknownCommand(noun: Command, word: string | undefined): void {
  if (word === undefined) return;
  const verbs = noun.commands.map((command) => command.name());
  const meant = suggestion(word, verbs).replace(/ (.+)/, ' ($1)');
  throw new AppError(
    'USAGE',
    `unknown command '${noun.name()} ${word}'${meant}; there are ${verbs.join(', ')}`,
  );
}
