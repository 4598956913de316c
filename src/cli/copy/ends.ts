/** The paths on the command line of `latchkey cp`: those of the host begin with a colon. */
import { lastName } from '../../copy/names.ts';
import { AppError } from '../../errors.ts';
import { bytesOf, rawText } from '../../values/raw-text.ts';

export interface Ends {
  /** True when the host receives. */
  readonly isUpload: boolean;
  /** Paths without the colon, as raw text. */
  readonly sources: readonly string[];
  readonly target: string;
  /** Names that the copies of the sources get; empty for the contents of a folder. */
  readonly names: readonly Buffer[];
}

/** Throws USAGE unless all sources are on one side and the target is on the other. */
export function endsOf(words: readonly string[]): Ends {
  const target = words.at(-1) ?? '';
  const given = words.slice(0, -1);
  if (given.length === 0) throw new AppError('USAGE', 'name what to copy and where to');
  if (words.includes('')) throw new AppError('USAGE', 'a path is empty; the folder that you are in is .');
  const isUpload = isOfHost(target);
  if (given.some((path) => isOfHost(path) === isUpload))
    throw new AppError(
      'USAGE',
      isUpload
        ? "a copy within the host needs no other: latchkey start -- cp …; ':' marks the paths of the host"
        : "':' marks the paths of the host, and there must be some: latchkey cp FILE :DIR, latchkey cp :FILE DIR",
    );
  const sources = given.map(withoutColon);
  const names = sources.map((path) => lastName(bytesOf(path)));
  const texts = names.map(rawText).filter((name) => name !== '');
  const twice = texts.find((name, index) => texts.indexOf(name) !== index);
  if (twice !== undefined) throw new AppError('USAGE', `two of the sources are called '${twice}'`);
  return { isUpload, sources, target: withoutColon(target), names };
}

function isOfHost(path: string): boolean {
  return path.startsWith(':');
}

/** Returns the path; the colon alone means the home folder, in which the host's program runs. */
function withoutColon(path: string): string {
  return path.replace(/^:/, '') || '.';
}
