/** The built program, and the tests' own Node.js, at paths where every account of a story can run them. */
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));

/** Output of `npm run build`. */
export const BUILT = join(root, 'dist/latchkey');

/** The path of `latchkey`. */
export function program(): string {
  if (!existsSync(BUILT)) throw new Error('dist/latchkey is not built: npm run build');
  return forEverybody(BUILT, '/mnt/latchkey');
}

/** Path of Node.js, for programs that a story runs under another account. */
export function node(): string {
  return forEverybody(process.execPath, '/mnt/node');
}

/** Copies the program in a world, where only root may be able to read the folder of the clone. */
function forEverybody(file: string, place: string): string {
  if (!process.env.TEST_WORLD) return file;
  if (!existsSync(place)) {
    // Renamed into place: other tests may be looking for it right now.
    const copy = `${place}.${process.pid}`;
    copyFileSync(file, copy);
    renameSync(copy, place);
  }
  return place;
}
