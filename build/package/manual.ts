/** The manual: a page for the program, one for each of its verbs, and one for its configuration. */

import {
  type Description,
  DOCUMENT_DESCRIPTIONS,
  EVENT_DESCRIPTIONS,
  FAILURE_DESCRIPTION,
  OBJECT_DESCRIPTIONS,
} from '../../src/cli/output/json-manual.ts';
import { STATUS } from '../../src/exit-status.ts';
import { type HelpItem, type HelpPart, helpParts } from './help-text.ts';
import { Page } from './roff.ts';
import { writeSettings } from './settings-manual.ts';

export interface Manual {
  /** What `latchkey ARGUMENT...` prints. */
  readonly help: (...argv: string[]) => Promise<string>;
  readonly version: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

export interface ManualPage {
  readonly name: string;
  readonly section: number;
  /** roff(7) */
  readonly text: string;
}

const EVERYWHERE = 'Everywhere';
const FILES: readonly HelpItem[] = [
  { term: '/etc/latchkey/config.yaml', text: "The server's configuration, latchkey-config(5)." },
  { term: '/var/lib/latchkey', text: "The server's database and keys." },
  {
    term: '/run/latchkey',
    text: "Where programs of the host find the server; token is root's and the server's.",
  },
  { term: '~/.config/latchkey/servers', text: 'What a client keeps of each server: its CA and the token.' },
  { term: '~/.local/state/latchkey', text: 'What the programs of a user have printed.' },
];

/** Every page there is. */
export async function manual({ help, version, date }: Manual): Promise<ManualPage[]> {
  const program = helpParts(await help('--help'));
  const verbs = commandsOf(program);
  const sectionOf = (verb: string): number => (['serve', 'doctor'].includes(verb) ? 8 : 1);
  const all = [
    'latchkey(1)',
    ...verbs.map(({ term }) => `latchkey-${term}(${sectionOf(term)})`),
    'latchkey-config(5)',
    'latchkey-json(5)',
  ];
  const page = async (
    name: string,
    section: number,
    about: string,
    write: (page: Page) => void | Promise<void>,
  ): Promise<ManualPage> => {
    const made = new Page({ name, section, about, version, date });
    await write(made);
    made.heading('See also').text(all.filter((other) => other !== `${name}(${section})`).join(', '));
    return { name, section, text: `${made}` };
  };
  return Promise.all([
    page('latchkey', 1, 'logins that can be taken back', (made) => {
      writeHelp(made, program);
      writeItems(made.heading('Files'), FILES);
    }),
    ...verbs.map(({ term, text }) =>
      page(`latchkey-${term}`, sectionOf(term), text, (made) => writeVerb(made, term, help)),
    ),
    page('latchkey-config', 5, 'the configuration of the Latchkey server', writeSettings),
    page('latchkey-json', 5, 'what Latchkey prints for programs', writeJson),
  ]);
}

/** Name and description of the commands that a help text lists. */
function commandsOf(parts: readonly HelpPart[]): HelpItem[] {
  return parts
    .flatMap((part) => (part.kind === 'list' && part.title !== EVERYWHERE ? part.items : []))
    .map(({ term, text }) => ({ term: term.split(' ')[0] ?? '', text }))
    .filter(({ term }) => /^[a-z]/.test(term) && term !== 'help');
}

/** The page of a verb: its own help, and that of each of its commands. */
async function writeVerb(page: Page, verb: string, help: Manual['help']): Promise<void> {
  const own = helpParts(await help(verb, '--help')).filter(
    (part) => !(part.kind === 'list' && part.title === EVERYWHERE),
  );
  writeHelp(page, own);
  const hasCommands = own.some((part) => part.kind === 'list' && part.title === 'Commands');
  for (const { term } of hasCommands ? commandsOf(own) : []) {
    page.heading(`latchkey ${verb} ${term}`);
    for (const part of helpParts(await help(verb, term, '--help'))) {
      if (part.kind === 'usage' || part.kind === 'example') page.verbatim(part.lines);
      else if (part.kind === 'paragraph') page.paragraph(sentence(part.text));
      else if (part.title !== EVERYWHERE)
        writeItems(
          page,
          part.items.filter((item) => !item.term.includes('--help')),
        );
    }
  }
}

function writeHelp(page: Page, parts: readonly HelpPart[]): void {
  let under = '';
  const heading = (title: string): void => {
    if (title !== under) page.heading(title);
    under = title;
  };
  let before = true;
  for (const part of parts) {
    if (part.kind === 'usage') {
      heading('Synopsis');
      page.verbatim(part.lines);
    } else if (part.kind === 'list') {
      heading(part.title === EVERYWHERE ? 'Options of every command' : (part.title ?? 'Options'));
      writeItems(page, part.items);
      before = false;
    } else {
      const isStatus = part.kind === 'paragraph' && part.text.startsWith('Exit status');
      heading(isStatus ? 'Exit status' : before ? 'Description' : 'Notes');
      if (part.kind === 'example') page.verbatim(part.lines);
      else page.paragraph(sentence(part.text.replace('Exit status: ', '')));
    }
  }
}

function writeItems(page: Page, items: readonly HelpItem[]): void {
  for (const { term, text } of items) page.item(term, sentence(text));
}

function writeJson(page: Page): void {
  page
    .heading('Description')
    .paragraph(
      'With --json a command prints one JSON object on standard output, and nothing else there. Every member named here is ' +
        'always there, if nothing else is said: null stands for what is absent, [] for none. A time is a string, RFC 3339 ' +
        'in UTC with milliseconds; an integer is a number. Members may be added, and are never renamed or dropped. Control ' +
        'characters are escaped, also those that JSON would allow.',
    )
    .paragraph(
      'A failure is one object on a line of standard error. start and attach leave both streams to the program ' +
        'that they show, and say in words what goes wrong.',
    )
    .paragraph(
      'With --watch, every line is one object, as it happens: first there for all there is, then complete, then there ' +
        'for what is new or different, and gone. After a time without the server only what is different comes, and complete again.',
    );
  const all = [
    ...Object.entries(DOCUMENT_DESCRIPTIONS),
    ...Object.entries(EVENT_DESCRIPTIONS),
    ['failure', FAILURE_DESCRIPTION] as const,
  ];
  page.heading('Commands');
  for (const [name, members] of all) writeMembers(page, name, members);
  page.heading('Objects');
  for (const [name, members] of Object.entries(OBJECT_DESCRIPTIONS)) writeMembers(page, name, members);
  page.heading('Reasons').paragraph('With the exit status of each:');
  for (const [reason, status] of Object.entries(STATUS)) page.item(reason, `${status}`);
}

function writeMembers(page: Page, name: string, members: Description): void {
  page.subheading(name);
  for (const [member, { type, about }] of Object.entries(members))
    page.item(member, about === '' ? `(${type})` : `(${type}) ${about}`);
}

/** With a capital and a full stop, which descriptions in a help text go without. */
function sentence(text: string): string {
  const whole = /[.:…]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
