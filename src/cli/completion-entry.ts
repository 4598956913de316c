/** The commander definitions as the completion scripts need them. */
import type { Command } from 'commander';

/** A command as a completion sees it. */
export interface Entry {
  /** The words that lead here: [], ["tokens"], ["tokens", "revoke"]. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly EntryOption[];
  readonly commands: readonly Entry[];
  /** Words the first argument may be, if they are known. */
  readonly choices: readonly string[];
}

export interface EntryOption {
  /** "--json", "-f". */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** What the value is, where the shell can help with it. */
  readonly value: 'file' | 'directory' | 'other';
}

/** The definitions of `command` and all below it. */
export function entryOf(command: Command, path: readonly string[]): Entry {
  const help = command.createHelp();
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
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

function valueKind(flags: string): EntryOption['value'] {
  if (/<file>/.test(flags)) return 'file';
  return /<dir>/.test(flags) ? 'directory' : 'other';
}

/** All commands, the root first. */
export function* everyEntry(root: Entry): Generator<Entry> {
  yield root;
  for (const below of root.commands) yield* everyEntry(below);
}
