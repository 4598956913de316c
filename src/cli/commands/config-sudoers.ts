/** `latchkey config sudoers`: prints the rules by which sudo lets the server start links (F19). */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { packagedText } from '../../entry/packaged/text.ts';
import { AppError } from '../../errors.ts';
import { addNotes } from '../help.ts';
import type { Act, Run } from '../run.ts';

interface Options {
  readonly group?: string;
}

const FILE = '/etc/sudoers.d/latchkey';
const INSTALL = {
  title: 'To install it, as root',
  lines: [
    'latchkey config sudoers >/root/latchkey.sudoers',
    'visudo --check --file=/root/latchkey.sudoers &&',
    `  install --mode=0440 /root/latchkey.sudoers ${FILE}`,
    'latchkey doctor',
  ],
} as const;
const NOTE =
  'The server, as the user latchkey, may run exactly two commands by them, with no other argument, and never as ' +
  'root: one that starts the link of a user, and one that ends sessions. To switch sudo off: links.sudo: false.';
const DEFAULT_GROUP = 'latchkey-users';
/** Names without a character that sudoers(5) would read as something else. */
const GROUP = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
/** The rule for links, in the file of the package. */
const RULE = /^(latchkey ALL = \()ALL(?=, !root, !#0\) .* link --daemon$)/m;

export function addSudoers(noun: Command, act: Act): void {
  const command = noun
    .command('sudoers')
    .description('print the rules by which sudo lets the server start links')
    .addOption(
      new Option('--group [group]', 'links only of members of this group')
        .preset(DEFAULT_GROUP)
        .argParser(groupName),
    )
    .addOption(new Option('--all', 'links of every user but root (the default)').conflicts('group'))
    .action(act(sudoers));
  addNotes(command, NOTE, INSTALL);
}

function groupName(text: string): string {
  if (!GROUP.test(text)) throw new InvalidArgumentError('It must be the name of a group.');
  return text;
}

async function sudoers(run: Run, { group }: Options): Promise<undefined> {
  const text = packagedText('sudoers');
  if (text === undefined)
    throw new AppError('NOT_FOUND', 'only the packaged program has the rules; see build/package/sudoers');
  run.out.text(group === undefined ? text : text.replace(RULE, `$1%${group}`));
  return undefined;
}
