/**
 * Enums of the API by the words that configuration, command line and JSON use for their values: in lower
 * case and with hyphens, "link-daemon" for LINK_DAEMON. Works for enums as ts-proto generates them.
 */

type Enum = Readonly<Record<string, number>>;

/** Words of an enum's values, UNSPECIFIED excepted. */
export type WordOf<Values extends Enum> = Hyphened<Lowercase<Exclude<keyof Values & string, 'UNSPECIFIED'>>>;

type Hyphened<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}-${Hyphened<Tail>}`
  : Text;

/** Returns the word for a value; undefined for UNSPECIFIED and for values that this version does not know. */
export function enumWord<Values extends Enum>(values: Values, value: number): WordOf<Values> | undefined {
  return enumWords(values).find((word) => values[nameOf(word)] === value);
}

/** Returns the value that `word` stands for; undefined when there is none. */
export function enumValue<Values extends Enum>(
  values: Values,
  word: WordOf<Values>,
): Exclude<Values[keyof Values], 0>;
export function enumValue<Values extends Enum>(
  values: Values,
  word: string,
): Values[keyof Values] | undefined;
export function enumValue(values: Enum, word: string): number | undefined {
  return enumWords(values).some((known) => known === word) ? values[nameOf(word)] : undefined;
}

/** Returns the words of all values, UNSPECIFIED excepted. */
export function enumWords<Values extends Enum>(values: Values): WordOf<Values>[] {
  const names = Object.keys(values).filter((name) => name !== 'UNSPECIFIED');
  return names.map((name) => name.toLowerCase().replaceAll('_', '-') as WordOf<Values>);
}

function nameOf(word: string): string {
  return word.toUpperCase().replaceAll('-', '_');
}
