/** Tells a file that has been changed or replaced from the same one. */
import { statSync } from 'node:fs';
import { codeOf } from '../errno.ts';

/** Returns a text that differs once the file at `path` has been changed, replaced, made or removed. */
export function fileState(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    const state = stats && [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs];
    return `${path} ${state}`;
  } catch (error) {
    return `${path} ${codeOf(error)}`;
  }
}
