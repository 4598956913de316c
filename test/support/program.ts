/** The built program, and the tests' own Node, where every account of a story can run them. */
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));

/** Where `npm run build` puts it. */
export const BUILT = join(root, 'dist/latchkey');

/** The path of `latchkey`. */
export function program(): string {
  if (!existsSync(BUILT)) throw new Error('dist/latchkey is not built: npm run build');
  return forEverybody(BUILT, '/mnt/latchkey');
}

/** The path of Node, for what stories run in it as somebody else. */
export function node(): string {
  return forEverybody(process.execPath, '/mnt/node');
}

/** In a world it is a copy, since the clone may lie in a folder that is root's alone. */
function forEverybody(file: string, place: string): string {
  if (!process.env.TEST_WORLD) return file;
  if (!existsSync(place)) {
    // Other tests may be looking for it right now: it is there at once or not at all.
    const copy = `${place}.${process.pid}`;
    copyFileSync(file, copy);
    renameSync(copy, place);
  }
  return place;
}
