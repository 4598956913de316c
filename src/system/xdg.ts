/** A user's own folders, after the XDG Base Directory Specification. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the home folder; "/" for a uid without HOME and without a passwd entry, for which os.homedir()
 * throws.
 */
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

/**
 * Run folder of a user's own server; without XDG_RUNTIME_DIR it is in the state folder, which has mode
 * 0700.
 */
export function ownRunFolder(env: Environment, home: string): string {
  const runtime = xdg(env.XDG_RUNTIME_DIR);
  return runtime === undefined ? join(stateFolder(env, home), 'run') : join(runtime, 'latchkey');
}

/** Returns undefined for a relative path, which the specification ignores. */
function xdg(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}
