/** The released link, in one file: each of its processes starts with a fraction of what its sources take. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

let bundled: string | undefined;

/** Writes the program into `folder`; returns its path. It takes the arguments of `latchkey link`. */
export function writeLinkProgram(folder: string): string {
  const entryPoints = [join(import.meta.dirname, 'link-program.ts')];
  const options = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    write: false,
  } as const;
  bundled ??= buildSync({ entryPoints, ...options }).outputFiles[0]?.text ?? '';
  const path = join(folder, 'link.mjs');
  writeFileSync(path, bundled);
  return path;
}
