/** Files whose code is changed by mutation testing. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';

/** Folders of `src/` that decide who may do what, and that run other people's programs. */
export const ROOMS = [
  'token',
  'authority',
  'revocation',
  'supervisor',
  'link',
  'link-protocol',
  'login',
  'api',
  'client',
  'sessions',
] as const;

export type Room = (typeof ROOMS)[number];

/** Lines of a file, counted from 0; both ends are included. */
export interface Lines {
  readonly first: number;
  readonly last: number;
}

/** Returns the files of a room, relative to `root`, without tests. */
export function filesOf(room: Room, root: string): string[] {
  const files = globSync(`src/${room}/**/*.ts`, { cwd: root });
  return files.filter((file) => !file.endsWith('.test.ts')).toSorted();
}

/** Returns the lines of each file that differ from the commit `since`. Throws for an unknown commit. */
export function changedLines(root: string, since: string): Map<string, Lines[]> {
  const diff = execFileSync('git', ['diff', '--unified=0', '--no-ext-diff', since, '--', 'src'], {
    cwd: root,
    encoding: 'utf8',
  });
  return linesOfDiff(diff);
}

/** Returns the added and changed lines of each file in a unified diff without context. */
export function linesOfDiff(diff: string): Map<string, Lines[]> {
  const changed = new Map<string, Lines[]>();
  let lines: Lines[] = [];
  for (const line of diff.split('\n')) {
    const [, file] = /^\+\+\+ b\/(.*)$/.exec(line) ?? [];
    if (file !== undefined) {
      lines = [];
      changed.set(file, lines);
    }
    const [, begin, count = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (begin === undefined || count === '0') continue;
    const first = Number(begin) - 1;
    lines.push({ first, last: first + Number(count) - 1 });
  }
  return changed;
}
