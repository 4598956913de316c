import { getAsset, isSea } from 'node:sea';

/** Returns a text that the build has added; undefined in a run from the sources. */
export function packagedText(name: string): string | undefined {
  return isSea() ? getAsset(name, 'utf8') : undefined;
}
