/** `latchkey links`: the processes that run programs as their users. */
import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import type { Link, WatchLinksResponse } from '../../generated/latchkey/v1/link.ts';
import { asJson } from '../../terminal/json.ts';
import { LINK, LINK_COLUMNS, linkRow } from '../output/link-view.ts';
import { endingOf, showReceipt } from '../output/receipt-view.ts';
import type { Change, Listing } from '../output/view.ts';
import { addResource } from '../resource-command.ts';
import type { Act, Run } from '../run.ts';

interface Filtering {
  readonly user?: string;
  readonly filter?: string;
  readonly sort?: string;
}

export const LINKS: Listing<Link, Filtering> = {
  noun: 'link',
  nouns: 'links',
  columns: LINK_COLUMNS,
  id: ({ socket }) => socket,
  row: linkRow,
  json: LINK,
  addOptions,
  page: async ({ links }, { user = '', filter = '', sort = '' }, ask) => {
    const page = await links.listLinks({ linuxUser: user, text: filter, orderBy: sort, ...ask });
    return { ...page, items: page.links };
  },
  changes: ({ links }, { user = '', filter = '' }, { changesOnly, signal }) =>
    changes(links.watchLinks({ linuxUser: user, text: filter, changesOnly }, signal && { signal })),
};

export function addLinks(program: Command, act: Act): void {
  const noun = addResource(program, act, 'list, watch, start and stop links', LINKS);
  noun
    .command('start')
    .description('start your link daemon, unless a link of yours takes starts already')
    .action(act(start));
  noun.command('stop <socket>').description('end a link and its token').action(act(stop));
}

function addOptions(command: Command): Command {
  return command
    .option('--user <name>', "only this Linux user's")
    .option('--filter <text>', 'only those with this text in socket, Linux user, version, state or token id')
    .option(
      '--sort <field>',
      "socket, linux_user, daemon, state, pid, sessions, created_at or version; 'sessions desc' turns it",
    );
}

async function start(run: Run): Promise<undefined> {
  const { links } = await run.client();
  const { link } = await run.out.whileWaiting('waiting for your link daemon', links.startLink({}));
  if (link === undefined) throw new AppError('INTERNAL', 'the server names no link');
  if (run.out.json) run.out.document(asJson(LINK, link));
  else run.out.line(link.socket);
}

async function stop(run: Run, _options: object, [socket = '']: readonly string[]): Promise<number> {
  const { links } = await run.client();
  return showReceipt(run.out, await endingOf(run, links.stopLink({ socket })));
}

async function* changes(events: AsyncIterable<WatchLinksResponse>): AsyncGenerator<Change<Link>> {
  for await (const { event } of events) {
    if (event?.$case === 'link') yield { kind: 'there', item: event.value };
    if (event?.$case === 'removedSocket') yield { kind: 'gone', id: event.value };
    if (event?.$case === 'snapshotDone') yield { kind: 'complete' };
  }
}
