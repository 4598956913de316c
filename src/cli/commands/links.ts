/** `latchkey links`: lists, watches, starts and stops links. */
import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import type { Link } from '../../generated/latchkey/v1/link.ts';
import { links } from '../../nouns/links.ts';
import { asJson } from '../../terminal/json.ts';
import { addDryRun, type DryRun, showReceipt, waitForReceipt } from '../output/receipt-view.ts';
import { addResource } from '../resource-command.ts';
import type { Act, Run } from '../run.ts';
import { ANSWERS_OPTION, withLink } from '../with-link.ts';

export function addLinks(program: Command, act: Act): void {
  const noun = addResource<Link, { readonly user?: string }>(program, act, {
    noun: links,
    description: 'list, watch, start and stop links',
    addOptions: (command) => command.option('--user <user>', 'only links of this Linux user'),
    select: ({ user }) => ({ linuxUser: user }),
  });
  noun
    .command('start')
    .description('start your link daemon, unless you have a link that can start programs')
    .option(...ANSWERS_OPTION)
    .action(act(start));
  addDryRun(noun.command('stop <socket>').description('stop a link and revoke its token')).action(act(stop));
}

async function start(run: Run, options: { readonly answersStdin?: boolean }): Promise<undefined> {
  const { link } = await withLink(run, options, async () => {
    const { links } = await run.client();
    return run.out.whileWaiting('waiting for your link daemon', links.startLink({}));
  });
  if (link === undefined) throw new AppError('INTERNAL', 'the server answered without a link');
  if (run.out.json) run.out.document(asJson(links.members, link));
  else run.out.line(link.socket);
}

async function stop(run: Run, options: DryRun, [socket = '']: readonly string[]): Promise<number> {
  const client = await run.client();
  const asked = client.links.stopLink({ socket, validateOnly: options.dryRun === true });
  return showReceipt(run.out, await waitForReceipt(run, asked, options));
}
