/** Where a user's own files lie: in the folders of the XDG Base Directory Specification, below the home folder. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The home folder; "/" for a uid without HOME and without an entry, where os.homedir() throws. */
export function homeOf(env: Environment): string {
  if (env.HOME) return env.HOME;
  try {
    return homedir();
  } catch {
    return '/';
  }
}

export function configFolder(env: Environment, home: string): string {
  return join(xdg(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'latchkey');
}

export function stateFolder(env: Environment, home: string): string {
  return join(xdg(env.XDG_STATE_HOME) ?? join(home, '.local', 'state'), 'latchkey');
}

/** Where a user's own daemon puts what is for the programs of this host; without a runtime folder within its state, which is 0700. */
export function ownRunFolder(env: Environment, home: string): string {
  const runtime = xdg(env.XDG_RUNTIME_DIR);
  return runtime === undefined ? join(stateFolder(env, home), 'run') : join(runtime, 'latchkey');
}

/** Relative values do not count. */
function xdg(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}
