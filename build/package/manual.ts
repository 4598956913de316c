/** The manual: a page for the program, one for each of its verbs, and one for its configuration. */
import { jsonManual } from '../../src/cli/output/json-manual.ts';
import { type HelpItem, type HelpPart, helpParts } from './help-text.ts';
import { writeJson } from './json-page.ts';
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
    page('latchkey-json', 5, 'what Latchkey prints for programs', (made) => writeJson(made, jsonManual())),
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

/** With a capital and a full stop, which descriptions in a help text go without. */
function sentence(text: string): string {
  const whole = /[.:…]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
