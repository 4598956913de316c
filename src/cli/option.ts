/** Makes commander's options from a table, or with values for completion to suggest. */
import { type Argument, Option } from 'commander';
import type { Options } from '../entry/option.ts';

const SUGGESTIONS = new WeakMap<Option | Argument, readonly string[]>();

/** Makes completion suggest `values` for `option`, which may accept others. */
export function withSuggestions(option: Option, values: Iterable<string>): Option {
  SUGGESTIONS.set(option, [...values]);
  return option;
}

/** Returns the values that completion suggests for an option or argument; undefined when unknown. */
export function suggestionsFor(what: Option | Argument): readonly string[] | undefined {
  return what.argChoices ?? SUGGESTIONS.get(what);
}

export function optionsOf(table: Options): Option[] {
  return Object.entries(table).map(([name, { value, about, choices, isInternal = false }]) => {
    const flags = value === undefined ? `--${name}` : `--${name} <${value}>`;
    const option = new Option(flags, about).hideHelp(isInternal);
    return choices === undefined ? option : option.choices(choices);
  });
}
