/** The layout of help: subcommands first, then the command's own options, the global options, and notes. */
import { type Command, Help } from 'commander';
import type { Note } from '../entry/option.ts';

const NOTES = new WeakMap<Command, Note[]>();

/** Adds notes, shown after the options in the help of `command` and in its manual page. */
export function addNotes(command: Command, ...notes: readonly Note[]): void {
  NOTES.set(command, [...notesOf(command), ...notes]);
}

export function notesOf(command: Command): readonly Note[] {
  return NOTES.get(command) ?? [];
}

/** Settings for Command.configureHelp(). */
export const HELP_LAYOUT: Partial<Help> = { formatHelp, minWidthToWrap: 20, subcommandTerm };

function formatHelp(command: Command, help: Help): string {
  const sections = Help.prototype.formatHelp.call(help, command, help).trimEnd().split('\n\n');
  const last = ['Options:', 'Global options:'].flatMap((heading) =>
    sections.filter((section) => section.startsWith(`${heading}\n`)),
  );
  const first = sections.filter((section) => !last.includes(section));
  const notes = notesOf(command).map((note) => noteText(note, help));
  return `${[...first, ...last, ...notes].join('\n\n')}\n`;
}

/** Returns a subcommand as "revoke [jti...]", without "[options]". */
function subcommandTerm(command: Command): string {
  return Help.prototype.subcommandTerm.call(new Help(), command).replace(' [options]', '');
}

function noteText(note: Note, help: Help): string {
  const wrapped = (text: string): string => help.boxWrap(text, help.helpWidth ?? 80);
  if (typeof note === 'string') return wrapped(note);
  if ('text' in note) return wrapped(`${note.title}: ${note.text}`);
  if ('lines' in note) return [`${note.title}:`, ...note.lines.map((line) => `  ${line}`)].join('\n');
  const widest = Math.max(...note.items.map(([term]) => term.length));
  const items = note.items.map(([term, text]) => help.formatItem(term, widest, text, help));
  return [`${note.title}:`, ...items].join('\n');
}
