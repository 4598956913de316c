/** The manual pages of commands, made from the definitions that the help texts are made from. */
import { type Command, Help, type Option } from 'commander';
import { isGlobal } from '../../src/cli/globals.ts';
import { notesOf } from '../../src/cli/help.ts';
import type { Note } from '../../src/entry/option.ts';
import type { Page } from './roff.ts';

export type Item = readonly [term: string, text: string];

const HELP = new Help();

/** Returns the commands directly below `command` that have a page or a section. */
export function commandsOf(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((below) => below.name() !== 'help');
}

/** Returns a one-line description of a command. */
export function aboutOf(command: Command): string {
  return command.summary() || command.description();
}

/** Writes the page of the program: its commands by group, its own options, and those of every command. */
export function writeProgram(page: Page, program: Command): void {
  writeOpening(page, program);
  const groups = Map.groupBy(commandsOf(program), (command) => command.helpGroup());
  for (const [group, commands] of groups) writeItems(page.heading(titleOf(group)), commands.map(commandItem));
  writeOptions(page.heading('Options'), ownOptions(program));
  writeOptions(page.heading('Global options'), optionsOf(program).filter(isGlobal));
  for (const note of notesOf(program)) writeNote(page, note);
}

/** Writes the page of a verb: its whole help, and a section for each of its commands. */
export function writeVerb(page: Page, verb: Command): void {
  writeOpening(page, verb);
  const argumentItems = argumentsOf(verb);
  if (argumentItems.length > 0) writeItems(page.heading('Arguments'), argumentItems);
  const commands = commandsOf(verb);
  if (commands.length > 0) writeItems(page.heading('Commands'), commands.map(commandItem));
  writeOptions(page.heading('Options'), ownOptions(verb));
  for (const note of notesOf(verb)) if (typeof note !== 'string') writeNote(page, note);
  for (const command of commands) writePart(page, command);
}

/** Writes the section of one command in the page of its verb. */
function writePart(page: Page, command: Command): void {
  page.heading(pathOf(command)).verbatim(usageOf(command));
  page.paragraph(sentence(aboutOf(command)));
  writeItems(page, argumentsOf(command));
  writeOptions(
    page,
    ownOptions(command).filter(({ long }) => long !== '--help'),
  );
  for (const note of notesOf(command)) writeNote(page, note);
}

function writeOpening(page: Page, command: Command): void {
  page.heading('Synopsis').verbatim(usageOf(command)).heading('Description');
  for (const paragraph of command.description().split('\n\n')) page.paragraph(sentence(paragraph));
  for (const note of notesOf(command)) if (typeof note === 'string') page.paragraph(note);
}

function writeNote(page: Page, note: Note): void {
  if (typeof note === 'string') return;
  page.heading(note.title);
  if ('text' in note) page.paragraph(sentence(note.text));
  else if ('items' in note) for (const [term, text] of note.items) page.item(term, text);
  else page.verbatim(note.lines);
}

function writeOptions(page: Page, options: readonly Option[]): void {
  writeItems(
    page,
    options.map((option) => [HELP.optionTerm(option), HELP.optionDescription(option)]),
  );
}

export function writeItems(page: Page, items: readonly Item[]): void {
  for (const [term, text] of items) page.item(term, sentence(text));
}

function optionsOf(command: Command): Option[] {
  return command.createHelp().visibleOptions(command);
}

function ownOptions(command: Command): Option[] {
  return optionsOf(command).filter((option) => !isGlobal(option));
}

function argumentsOf(command: Command): Item[] {
  return HELP.visibleArguments(command).map((each) => [
    HELP.argumentTerm(each),
    HELP.argumentDescription(each),
  ]);
}

function commandItem(command: Command): Item {
  return [command.createHelp().subcommandTerm(command), aboutOf(command)];
}

function usageOf(command: Command): string[] {
  return HELP.commandUsage(command)
    .split('\n')
    .map((line) => line.trim());
}

/** Returns a path such as "latchkey tokens revoke". */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Returns "Programs" for a group that the help calls "Programs:". */
function titleOf(group: string): string {
  return group.replace(/:$/, '');
}

/** Returns the text with a capital and a full stop, which descriptions in help texts omit. */
function sentence(text: string): string {
  if (text === '') return '';
  const whole = /[.:…]$/.test(text) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
