/**
 * The paths of files and folders, in both modes. System mode is the server of the whole host; self mode
 * is one user's own server, which never touches a system path.
 */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { ownUid } from '../../system/owned-path.ts';
import { configFolder, ownRunFolder, stateFolder } from '../../system/xdg.ts';

export type Mode = 'system' | 'self';

/** Absolute paths. */
export interface Paths {
  readonly mode: Mode;
  /** Database and keys, 0700. */
  readonly state: string;
  /** Keys and certificates, 0700: `pki` within `state`. */
  readonly pki: string;
  /** `token`, `server.json` and `links`, for the programs of this host. */
  readonly run: string;
  /** The links' sockets: `links` within `run`. */
  readonly links: string;
}

/** The account, besides root, that runs the system's daemon. */
export const SYSTEM_USER = 'latchkey';

/** System mode for uid 0 and the user `latchkey`, self mode for everybody else. */
export function modeOf(uid: number): Mode {
  return uid === 0 || ownName(uid) === SYSTEM_USER ? 'system' : 'self';
}

/** Returns the name of this process's user in the user database, when `uid` is the process's own. */
function ownName(uid: number): string | undefined {
  if (uid !== ownUid()) return undefined;
  try {
    return userInfo().username;
  } catch {
    return undefined; // a uid without an entry
  }
}

/** The facts that defaults depend on. */
export interface Surroundings {
  readonly mode: Mode;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

export function defaultConfigFile({ mode, env, home }: Surroundings): string {
  if (mode === 'system') return '/etc/latchkey/config.yaml';
  return join(configFolder(env, home), 'config.yaml');
}

export function defaultState({ mode, env, home }: Surroundings): string {
  return mode === 'system' ? '/var/lib/latchkey' : stateFolder(env, home);
}

export function defaultRun({ mode, env, home }: Surroundings): string {
  return mode === 'system' ? '/run/latchkey' : ownRunFolder(env, home);
}

export function pathsOf(mode: Mode, state: string, run: string): Paths {
  return { mode, state, pki: join(state, 'pki'), run, links: join(run, 'links') };
}
