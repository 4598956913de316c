/** The options of a table as commander has them. */
import { Option } from 'commander';
import type { Options } from '../entry/option.ts';

export function optionsOf(table: Options): Option[] {
  return Object.entries(table).map(([name, { value, about, choices, isInternal = false }]) => {
    const flags = value === undefined ? `--${name}` : `--${name} <${value}>`;
    const option = new Option(flags, about).hideHelp(isInternal);
    return choices === undefined ? option : option.choices(choices);
  });
}
