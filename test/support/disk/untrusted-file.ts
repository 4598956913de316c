/** Ways to make a trusted file one that nobody may trust, for tests of those who read it. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';

const MIB = 1024 * 1024;

/** Pairs what a file is afterwards with a function that makes the one at `path` so. */
type Change = readonly [what: string, change: (path: string) => void];

export const UNTRUSTED_FILES: readonly Change[] = [
  [
    'is a symbolic link, also to a good one',
    (path) => {
      renameSync(path, `${path}-elsewhere`);
      symlinkSync(`${path}-elsewhere`, path);
    },
  ],
  [
    'is a folder',
    (path) => {
      rmSync(path);
      mkdirSync(path, { mode: 0o700 });
    },
  ],
  [
    'is a FIFO',
    (path) => {
      rmSync(path);
      execFileSync('mkfifo', ['-m', '600', path]);
    },
  ],
  ['is far too long', (path) => appendFileSync(path, ' '.repeat(MIB))],
];
