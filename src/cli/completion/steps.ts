/**
 * What the completion scripts of all shells have in common: they walk the words typed so far, keep
 * the command they lead to in `at`, and step over the values of options.
 */
import { type Entry, everyEntry, type Kind } from './entry.ts';

/** The options that say where the server is and who asks: what is asked for a completion goes there too. */
export const REACHING = ['--server', '--run', '--ca', '--token-file'] as const;
export const REACHING_ALONE = '--local-admin';

/** "latchkey tokens revoke": how the scripts name a command. */
export function nameOf(entry: Entry): string {
  return ['latchkey', ...entry.path].join(' ');
}

/** "latchkey tokens revoke" for every word that leads from one command to one below. */
export function steps(root: Entry): string[] {
  return [...everyEntry(root)].filter((entry) => entry.path.length > 0).map(nameOf);
}

/** "latchkey tokens --login" for every option whose next word is its value, by kind of value. */
function valued(root: Entry, kind: Kind): string[] {
  return [...everyEntry(root)].flatMap((entry) =>
    entry.options
      .filter((option) => option.takesValue && option.value === kind)
      .flatMap((option) => option.flags.map((flag) => `${nameOf(entry)} ${flag}`)),
  );
}

/** Each kind of value that there is, with its options as `valued` says them. */
export function valuedByKind(root: Entry): [Kind, string[]][] {
  const all = [...everyEntry(root)].flatMap(({ options }) => options).filter((option) => option.takesValue);
  return [...new Set(all.map(({ value }) => value))].map((kind) => [kind, valued(root, kind)]);
}

/** `text` as one word of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A `case` pattern that is any of these. */
export function anyOf(texts: readonly string[]): string {
  return texts.map(quoted).join(' | ');
}
