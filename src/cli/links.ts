/** `latchkey links`: the processes that run programs as their users. */
import type { Command } from 'commander';
import { AppError } from '../errors.ts';
import type { Link, WatchLinksResponse } from '../generated/latchkey/v1/link.ts';
import { LINK_COLUMNS, linkJson, linkRow } from './link-view.ts';
import { showList } from './listing.ts';
import { addNoun } from './noun.ts';
import { collect, type Paging, pagingOptions } from './paging.ts';
import { receiptOf, showReceipt } from './receipt-view.ts';
import type { Act, Run } from './run.ts';
import { type Change, showWatch, type View } from './watch.ts';

interface Filtering {
  readonly user?: string;
}

const VIEW: View<Link> = { noun: 'link', columns: LINK_COLUMNS, row: linkRow, json: linkJson };

export function addLinks(program: Command, act: Act): void {
  const noun = addNoun<Filtering & Paging>(program, act, 'links', 'list, watch, start and stop links', {
    options: (command) => pagingOptions(filterOptions(command)),
    work: list,
  });
  noun
    .command('start')
    .description('start your link daemon, unless a link of yours takes starts already')
    .action(act(start));
  noun.command('stop <socket>').description('end a link and its token').action(act(stop));
  filterOptions(noun.command('watch').description('what there is, then every change')).action(act(watch));
}

function filterOptions(command: Command): Command {
  return command.option('--user <name>', "only this Linux user's");
}

async function list(run: Run, options: Filtering & Paging): Promise<undefined> {
  const { links } = await run.client();
  const linuxUser = options.user ?? '';
  const listed = await collect(options, async (pageSize, pageToken) => {
    const page = await links.listLinks({ linuxUser, pageSize, pageToken });
    return { ...page, items: page.links };
  });
  return showList(run, 'links', listed, VIEW);
}

async function start(run: Run): Promise<undefined> {
  const { links } = await run.client();
  const { link } = await links.startLink({});
  if (link === undefined) throw new AppError('INTERNAL', 'the server names no link');
  if (run.out.json) run.out.document(linkJson(link));
  else run.out.line(link.socket);
}

async function stop(run: Run, _options: object, [socket = '']: readonly string[]): Promise<number> {
  const { links } = await run.client();
  return showReceipt(run.out, receiptOf(await links.stopLink({ socket })));
}

async function watch(run: Run, options: Filtering): Promise<undefined> {
  const { links } = await run.client();
  return showWatch(run, changes(links.watchLinks({ linuxUser: options.user ?? '' })), VIEW);
}

async function* changes(events: AsyncIterable<WatchLinksResponse>): AsyncGenerator<Change<Link>> {
  for await (const { event } of events) {
    if (event?.$case === 'link') yield { kind: 'there', item: event.value };
    if (event?.$case === 'removedSocket') yield { kind: 'gone', id: event.value };
    if (event?.$case === 'snapshotDone') yield { kind: 'complete' };
  }
}
