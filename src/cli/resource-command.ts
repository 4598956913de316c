/** The command of a noun: alone it lists, with a subcommand it does that. */
import { type Command, Option } from 'commander';
import { firstItems } from '../client/pages.ts';
import { suggestion } from '../config/suggest.ts';
import { AppError } from '../errors.ts';
import { ordersOf, type PrintedNoun, type Selection } from '../nouns/noun.ts';
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

export interface Resource<Item, Options extends object> {
  readonly noun: PrintedNoun<Item>;
  readonly description: string;
  /** Adds the options that only this noun has. */
  readonly addOptions: (command: Command) => Command;
  /** Reads those options. */
  readonly select: (options: Options) => Selection;
}

/** Adds the command of a noun to `program`, and returns it for subcommands. */
export function addResource<Item, Options extends object>(
  program: Command,
  act: Act,
  resource: Resource<Item, Options>,
): Command {
  type Given = Options & ListOptions;
  const { noun, description } = resource;
  const orders = ordersOf(noun);
  const select = (options: Given): Selection => ({ ...resource.select(options), text: options.filter });
  const list: Work<Given> = async (run, options) => {
    if (options.watch === true) return watch(run, options, noun, select(options));
    const client = await run.client();
    let waiting = WAITING;
    const collecting = firstItems(
      limitOf(options),
      (pageSize, pageToken) =>
        noun.list(client, select(options), { orderBy: options.sort, pageSize, pageToken }),
      (count, total) => {
        waiting = `listing: ${count} of ${total} ${noun.many}`;
      },
    );
    return showList(run, await run.out.whileWaiting(() => waiting, collecting), noun);
  };
  const withOptions = (command: Command): Command =>
    pagingOptions(
      resource
        .addOptions(command)
        .option('--filter <text>', `only those with this text in ${noun.searchedFields}`)
        .addOption(withSuggestions(new Option('--sort <field>', sortHelp(orders)), orders)),
    );
  const withWatch = (command: Command): Command =>
    withOptions(command).option('-w, --watch', 'go on, and show every change');
  const command = withWatch(program.command(noun.many).description(description));
  command
    .enablePositionalOptions()
    .usage(`[options] [list]\n       latchkey ${noun.many} COMMAND …`)
    .allowExcessArguments()
    .action(
      act<Given>((run, options, words) => {
        refuseUnknownCommand(command, words[0]);
        return list(run, options, words);
      }),
    );
  withWatch(command.command('list').description('list them, as the bare word does')).action(act(list));
  withOptions(command.command('watch').description('list --watch')).action(
    act<Given>((run, options) => watch(run, options, noun, select(options))),
  );
  return command;
}

/**
 * Returns "id, login or state; 'login desc' reverses it". The example is the second order, since the first is
 * the id.
 */
function sortHelp(orders: readonly string[]): string {
  return `${orders.slice(0, -1).join(', ')} or ${orders.at(-1)}; '${orders[1]} desc' reverses it`;
}

/** On a terminal, redraws the table as it changes; elsewhere prints each change. */
function watch<Item>(
  run: Run,
  options: ListOptions,
  noun: PrintedNoun<Item>,
  selection: Selection,
): Promise<number | undefined> {
  const { stdout, env } = run.io;
  if (options.all === true) throw new AppError('USAGE', 'a watch shows what fits; leave out --all');
  if (stdout.isTTY === true && env.TERM !== 'dumb' && !run.out.json && !run.out.quiet)
    return drawWatch(run, { noun, selection, orderBy: options.sort, limit: options.limit });
  if (options.limit !== undefined || options.sort !== undefined) {
    throw new AppError('USAGE', '--sort and --limit are for a table; changes come as they happen');
  }
  return showWatch(run, { noun, selection });
}

/** Throws USAGE for a word after the noun that is not a subcommand. */
export function refuseUnknownCommand(noun: Command, word: string | undefined): void {
  if (word === undefined) return;
  const verbs = noun.commands.map((command) => command.name());
  const meant = suggestion(word, verbs).replace(/ (.+)/, ' ($1)');
  throw new AppError(
    'USAGE',
    `unknown command '${noun.name()} ${word}'${meant}; there are ${verbs.join(', ')}`,
  );
}
