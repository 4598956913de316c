import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'ballast-';

/** Fills the disk of `folder` to the last byte. */
export function fillDisk(folder: string): void {
  let bytes = 1024 * 1024;
  for (let file = readdirSync(folder).length; bytes >= 1; file++) {
    try {
      writeFileSync(join(folder, `${NAME}${file}`), Buffer.alloc(bytes, 1));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  }
}

/** Removes what `fillDisk` wrote. */
export function emptyDisk(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(NAME)) rmSync(join(folder, name));
}
