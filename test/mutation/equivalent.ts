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
