/** The manual: a page for the program, one for each verb, and one for each topic. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { jsonManual } from '../../src/cli/output/json-manual.ts';
import { aboutOf, commandsOf, type Item, writeItems, writeProgram, writeVerb } from './command-pages.ts';
import { writeJson } from './json-page.ts';
import { writeMarkdown } from './markdown-page.ts';
import { Page } from './roff.ts';
import { writeSettings } from './settings-manual.ts';

export interface Manual {
  /** The program with all its commands. */
  readonly program: Command;
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

const FILES: readonly Item[] = [
  ['/etc/latchkey/config.yaml', "the server's configuration, latchkey-config(5)"],
  ['/var/lib/latchkey', "the server's database and keys"],
  ['/run/latchkey', 'where local programs find the server; root and the server can read its file token'],
  ['~/.config/latchkey/servers', 'the CA certificate and the token that a client keeps for each server'],
  ['~/.local/state/latchkey', "the output of a user's programs"],
];
const LOG = readFileSync(join(import.meta.dirname, '../../src/audit/README.md'), 'utf8');
const PAM = readFileSync(join(import.meta.dirname, 'pam.md'), 'utf8');
const SSHD = readFileSync(join(import.meta.dirname, 'sshd.md'), 'utf8');
const ADMINISTRATION: ReadonlySet<string> = new Set(['serve', 'doctor']);

/** Returns all pages. */
export function manual({ program, version, date }: Manual): ManualPage[] {
  const verbs = commandsOf(program);
  const sectionOf = (verb: Command): number => (ADMINISTRATION.has(verb.name()) ? 8 : 1);
  const all = [
    'latchkey(1)',
    ...verbs.map((verb) => `latchkey-${verb.name()}(${sectionOf(verb)})`),
    'latchkey-config(5)',
    'latchkey-json(5)',
    'latchkey-log(5)',
    'latchkey-pam(7)',
    'latchkey-sshd(7)',
  ];
  const page = (name: string, section: number, about: string, write: (page: Page) => void): ManualPage => {
    const made = new Page({ name, section, about, version, date });
    write(made);
    made.heading('See also').text(all.filter((other) => other !== `${name}(${section})`).join(', '));
    return { name, section, text: `${made}` };
  };
  return [
    page('latchkey', 1, 'logins that can be revoked at any moment', (made) => {
      writeProgram(made, program);
      writeItems(made.heading('Files'), FILES);
    }),
    ...verbs.map((verb) =>
      page(`latchkey-${verb.name()}`, sectionOf(verb), aboutOf(verb), (made) => writeVerb(made, verb)),
    ),
    page('latchkey-config', 5, 'the configuration of the Latchkey server', writeSettings),
    page('latchkey-json', 5, 'the output of Latchkey with --json', (made) => writeJson(made, jsonManual())),
    page('latchkey-log', 5, 'the log of the Latchkey server', (made) => writeMarkdown(made, LOG)),
    page('latchkey-pam', 7, 'what PAM gives to the programs of a link', (made) => writeMarkdown(made, PAM)),
    page('latchkey-sshd', 7, 'sshd and a server that dials from loopback', (made) =>
      writeMarkdown(made, SSHD),
    ),
  ];
}
