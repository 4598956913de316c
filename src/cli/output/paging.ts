/** The options --limit and --all of lists. */
import { type Command, InvalidArgumentError } from 'commander';

const DEFAULT_LIMIT = 100;

export interface Paging {
  readonly limit?: number;
  readonly all?: boolean;
}

/** Adds --limit and --all. */
export function pagingOptions(command: Command): Command {
  return command
    .option('--limit <n>', `show the first n (default: ${DEFAULT_LIMIT})`, positive)
    .option('--all', 'show all');
}

/** Returns the largest number of items to list; infinity for all. */
export function limitOf({ all, limit }: Paging): number {
  return all === true ? Number.POSITIVE_INFINITY : (limit ?? DEFAULT_LIMIT);
}

/** Parses a whole number of 1 or more. */
function positive(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}
