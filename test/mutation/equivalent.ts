/** Mutants that change nothing that anybody could notice, each with the reason. */
import type { Mutant } from './plant.ts';

export interface Equivalent extends Pick<Mutant, 'file' | 'original' | 'replacement'> {
  readonly why: string;
}

const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'src/client/follow-session.ts',
    original: 'received >= data.length',
    replacement: 'received > data.length',
    why: 'only a piece that was received already in full, and is then delivered without a byte',
  },
  {
    file: 'src/link/cleanup/end-sessions.ts',
    original: 'body?.$case',
    replacement: 'body.$case',
    why: 'the server writes the frames, and each has a body',
  },
  {
    file: 'src/link-protocol/frames.ts',
    original:
      '{ if (this.#wanted <= LONG_BYTES) return undefined; ' +
      'return this.#buffer.subarray(this.#held, this.#wanted + AHEAD_BYTES); }',
    replacement: '{}',
    why: 'the bytes are then read into another buffer first, and copied from there',
  },
];

export function isEquivalent(mutant: Mutant): boolean {
  return EQUIVALENT.some((known) => isSame(known, mutant));
}

/** Returns the entries for `files` that match no mutant any more. */
export function outdated(files: ReadonlySet<string>, mutants: readonly Mutant[]): Equivalent[] {
  return EQUIVALENT.filter(
    (known) => files.has(known.file) && !mutants.some((mutant) => isSame(known, mutant)),
  );
}

function isSame(known: Equivalent, { file, original, replacement }: Mutant): boolean {
  return known.file === file && known.original === original && known.replacement === replacement;
}
