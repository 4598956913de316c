/**
 * Detects placeholders and weak secrets. The entropy of a text cannot be measured; obvious weaknesses can.
 */

const MIN_LENGTH = 32;
const MIN_VARIETY = 10;

/** Instructions as in templates; a random text contains one about once in millions. */
const TEMPLATE =
  /change|placeholder|replace|example|insert.?(your|here)|your.{0,12}(key|secret|here)|lorem ?ipsum/i;

/** Words that add nothing to a secret, because they can be guessed. */
const FILLERS = /secret|passw(or)?d|passphrase|default|letmein|qwerty|latchkey|token/gi;

/** Returns why `text` is too weak (completes "it …" and never quotes it); undefined when it is not. */
export function weakness(text: string): string | undefined {
  const characters = [...text];
  if (characters.length < MIN_LENGTH) return `has only ${characters.length} characters`;
  if (TEMPLATE.test(text)) return 'looks like a placeholder';
  if (text.replace(FILLERS, '').length < MIN_LENGTH) return 'is padded with words that are easily guessed';
  if (new Set(characters).size < MIN_VARIETY) return 'uses too few different characters';
  if (isRepetition(text)) return 'repeats itself';
  if (isRun(characters)) return 'is mostly a run of neighbouring characters';
  return undefined;
}

/** Returns true for a shorter text that is repeated, the last time perhaps in part. */
function isRepetition(text: string): boolean {
  const period = (text + text).indexOf(text.slice(0, Math.ceil(text.length / 2)), 1);
  return period <= text.length / 2 && text.startsWith(text.slice(period));
}

/** Returns true when most characters equal the one before or its neighbour in the alphabet. */
function isRun(characters: readonly string[]): boolean {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  const steps = codes.filter((code, index) => index > 0 && Math.abs(code - (codes[index - 1] ?? 0)) <= 1);
  return steps.length > characters.length / 2;
}
