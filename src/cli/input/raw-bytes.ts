/**
 * Refuses what is not UTF-8 on a command line, before anything is done: a path would name another file. Only
 * a program that is started gets such bytes, since they are passed on as they are.
 */
import type { Command } from 'commander';
import { inert } from '../../inert.ts';
import { hasRawBytes } from '../../values/raw-text.ts';

/** Commands whose arguments may have any bytes, and their options that may. */
const PASSED_ON: Readonly<Record<string, readonly string[]>> = { start: ['env', 'dir'], cp: [] };

/** Ends the command with a usage error when an option or argument has bytes that are not UTF-8. */
export function refuseRawBytes(command: Command): void {
  const passedOn = PASSED_ON[command.name()];
  const options = optionsOf(command).filter(([name]) => !passedOn?.includes(name));
  const texts = [...options.map(([, value]) => value), ...(passedOn === undefined ? command.args : [])];
  const wrong = texts.find((text): text is string => typeof text === 'string' && hasRawBytes(text));
  if (wrong !== undefined) command.error(`'${inert(wrong)}' is not UTF-8`);
}

/** Returns the options of the command and of those above it, which may have an option of the same name. */
function optionsOf(command: Command): [name: string, value: unknown][] {
  const above = command.parent === null ? [] : optionsOf(command.parent);
  return [...above, ...Object.entries(command.opts())];
}
