/** The home directory; "/" for a uid without HOME and without an entry, where os.homedir() throws. */
import { homedir } from 'node:os';
import type { Io } from './io.ts';

export function homeOf(env: Io['env']): string {
  if (env.HOME) return env.HOME;
  try {
    return homedir();
  } catch {
    return '/';
  }
}
