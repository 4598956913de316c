/**
 * Describes command lines as data, from which parsing, help, completion and manual pages are made.
 * Imports nothing, because each start of the program loads it.
 */

interface Described {
  /** Text for help and manual, beginning in lower case and without a full stop. */
  readonly about: string;
  /** True for the program's own use: in no help, manual page or completion. */
  readonly isInternal?: true;
}

/** An option without a value. */
export interface Flag extends Described {
  readonly value?: never;
  readonly choices?: never;
}

/** An option with a value: its next argument, or its own text after "=". */
export interface Valued extends Described {
  /** Placeholder of the value in the help, without angle brackets: "file". */
  readonly value: string;
  /** Values that completion offers. */
  readonly choices?: readonly string[];
}

/** Options by name, without dashes. */
export type Options = Readonly<Record<string, Flag | Valued>>;

export function flag(about: string): Flag {
  return { about };
}

export function valued(value: string, about: string, choices?: readonly string[]): Valued {
  return { value, about, ...(choices && { choices }) };
}

/** Marks `option` as one that only this program itself uses. */
export function internal<Option extends Flag | Valued>(
  option: Option,
): Option & { readonly isInternal: true } {
  return { ...option, isInternal: true };
}

/** A paragraph or a titled section after the options of a help. */
export type Note =
  | string
  | { readonly title: string; readonly text: string }
  | { readonly title: string; readonly items: readonly (readonly [term: string, text: string])[] }
  /** Lines that are never wrapped. */
  | { readonly title: string; readonly lines: readonly string[] };

/** A role of the program: a command with code of its own, which src/main.ts loads alone. */
export interface Role {
  readonly name: string;
  /** Summary for the list of commands, one line. */
  readonly summary: string;
  /** Paragraphs of the description. */
  readonly description: readonly string[];
  /** The only positional argument. */
  readonly argument?: { readonly name: string; readonly about: string };
  readonly options: Options;
  readonly notes: readonly Note[];
}
