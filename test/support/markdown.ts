/** Parses the parts of a Markdown page that tests check. */

export interface Fence {
  /** The language after the backticks: `sh`, `js`, ''. */
  readonly language: string;
  readonly body: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(FENCE)].map(([, language = '', body = '']) => ({ language, body }));
}

/** Returns the body of the only fence in `language`. Throws when there is not exactly one. */
export function onlyFence(text: string, language: string): string {
  const bodies = fencesOf(text).filter((fence) => fence.language === language);
  const [first] = bodies;
  if (first === undefined || bodies.length > 1) throw new Error(`${bodies.length} fences in ${language}`);
  return first.body;
}

/** Returns the texts within single backticks, outside of fences. */
export function inlineCodeOf(text: string): string[] {
  return [...text.replace(FENCE, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Returns the lines outside of fences, without pictures. */
export function proseOf(text: string): string[] {
  return text
    .replace(FENCE, '')
    .split('\n')
    .filter((line) => !/^(<img|!\[)/.test(line));
}
