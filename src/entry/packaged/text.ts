import { getAsset, isSea } from 'node:sea';

/** A text that the build has put in; undefined in a run from the sources. */
export function packagedText(name: string): string | undefined {
  return isSea() ? getAsset(name, 'utf8') : undefined;
}
