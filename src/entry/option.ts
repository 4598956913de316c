/**
 * What a command line understands, as data: parsing, help, completion and manual pages are made from it. Nothing
 * is imported here, since every start of the program loads it.
 */

interface Described {
  /** What help and the manual say, without a capital and a full stop. */
  readonly about: string;
  /** For the program's own use: in no help, manual page or completion. */
  readonly isInternal?: true;
}

/** An option that is said or not. */
export interface Flag extends Described {
  readonly value?: never;
  readonly choices?: never;
}

/** An option whose next word, or the rest of its own behind "=", is its value. */
export interface Valued extends Described {
  /** What stands for the value in help, without its angle brackets: "file". */
  readonly value: string;
  /** The values worth offering. */
  readonly choices?: readonly string[];
}

/** Options by their name, without its dashes. */
export type Options = Readonly<Record<string, Flag | Valued>>;

export function flag(about: string): Flag {
  return { about };
}

export function valued(value: string, about: string, choices?: readonly string[]): Valued {
  return { value, about, ...(choices && { choices }) };
}

/** `option`, which only this program says to itself. */
export function internal<Option extends Flag | Valued>(
  option: Option,
): Option & { readonly isInternal: true } {
  return { ...option, isInternal: true };
}

/** Behind the options of a help: a paragraph, or a part with a title. */
export type Note =
  | string
  | { readonly title: string; readonly text: string }
  | { readonly title: string; readonly items: readonly (readonly [term: string, text: string])[] }
  /** Lines that are never broken. */
  | { readonly title: string; readonly lines: readonly string[] };

/** A role of the program: a command with code of its own, which src/main.ts loads alone. */
export interface Role {
  readonly name: string;
  /** What it is for, in one line of the list of commands. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  /** The one word that it takes beside its options. */
  readonly argument?: { readonly name: string; readonly about: string };
  readonly options: Options;
  readonly notes: readonly Note[];
}
