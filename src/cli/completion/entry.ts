/** The commander definitions as the completion scripts need them. */
import type { Command } from 'commander';
import type { Known } from './complete.ts';

/** What a value is, where the shell or the server can help with it. */
export type Kind = 'file' | 'directory' | 'other' | Known;

/** What stands for something that the server knows: arguments by their names, and options. */
const KNOWN: Readonly<Record<string, Known>> = {
  jti: 'token',
  id: 'session',
  session: 'session',
  socket: 'link',
  '--login': 'login',
  '--user': 'user',
};

/** A command as a completion sees it. */
export interface Entry {
  /** The words that lead here: [], ["tokens"], ["tokens", "revoke"]. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly EntryOption[];
  readonly commands: readonly Entry[];
  /** Words the first argument may be, if they are known. */
  readonly choices: readonly string[];
  /** What the first argument is, if the server knows. */
  readonly known: Known | undefined;
}

export interface EntryOption {
  /** "--json", "-f". */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly value: Kind;
}

/** The definitions of `command` and all below it. */
export function entryOf(command: Command, path: readonly string[]): Entry {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: option.description,
      takesValue: option.required || option.optional,
      value: valueKind(option.flags),
    })),
    commands: help.visibleCommands(command).map((below) => entryOf(below, [...path, below.name()])),
    choices: argument?.argChoices ?? [],
    known: argument && KNOWN[argument.name()],
  };
}

function valueKind(flags: string): Kind {
  if (/<file>/.test(flags)) return 'file';
  if (/<dir>/.test(flags)) return 'directory';
  return KNOWN[flags.split(' ')[0] ?? ''] ?? 'other';
}

/** All commands, the root first. */
export function* everyEntry(root: Entry): Generator<Entry> {
  yield root;
  for (const below of root.commands) yield* everyEntry(below);
}
