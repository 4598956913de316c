/** Adds to usage errors which help to read, and sets their exit status by command. */
import { type Command, CommanderError } from 'commander';
import { LATCHKEY_FAILED, USAGE } from '../exit-status.ts';

/**
 * Applies to `command` and all its subcommands. Commands in `programCommands` exit with a program's status,
 * so their own usage errors exit with 255.
 */
export function addUsageHints(
  command: Command,
  programCommands: ReadonlySet<string>,
  path = command.name(),
): void {
  const status = programCommands.has(command.name()) ? LATCHKEY_FAILED : USAGE;
  command.exitOverride((error) => {
    if (/^commander\.(?:help|version)/.test(error.code)) throw error;
    throw new CommanderError(status, error.code, withHint(error, path));
  });
  for (const below of command.commands) addUsageHints(below, programCommands, `${path} ${below.name()}`);
}

function withHint({ message }: CommanderError, path: string): string {
  const text = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim();
  return text.includes('(Did you mean') ? text : `${text.replace(/\.$/, '')}; see ${path} --help`;
}
