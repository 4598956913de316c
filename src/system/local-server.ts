/**
 * The server of this host as described by `server.json` in its run folder: its address, the CA of its
 * certificate, and the public keys of its tokens. Trusted only when the folder is the server's own
 * (trusted-folder.ts). Parsed without zod, because links load this file, too.
 */
import { AppError, isAppError } from '../errors.ts';
import { readCheckedFile } from './checked-file.ts';
import { openTrustedFolder, type TrustedFolder } from './trusted-folder.ts';
import { homeOf, ownRunFolder } from './xdg.ts';

/** The content of server.json. */
export interface LocalServer {
  readonly serverId: string;
  readonly hostname: string;
  /** host:port, with an IPv6 host in brackets. */
  readonly address: string;
  /** The CA certificate, PEM. */
  readonly ca: string;
  /** The JWKS that verifies the server's tokens. */
  readonly keys: { readonly keys: readonly unknown[] };
  readonly version: string;
  readonly mode: 'system' | 'self';
  readonly pid: number;
}

const FILE = 'server.json';
const MAX_BYTES = 1024 * 1024;
const SYSTEM_RUN_DIR = '/run/latchkey';

/** Run folders that a server of this host may have: the user's own first, then the system's. */
export function defaultRunDirs(env: NodeJS.ProcessEnv, uid: number): string[] {
  if (uid === 0) return [SYSTEM_RUN_DIR];
  return [ownRunFolder(env, homeOf(env)), SYSTEM_RUN_DIR];
}

/**
 * Returns the server whose run folder is `runDir`; undefined when none has written there. Throws
 * NOT_TRUSTED when another user could have written the file, or when it is malformed.
 */
export function readLocalServer(runDir: string): LocalServer | undefined {
  try {
    using folder = openTrustedFolder(runDir);
    return readServerFile(folder);
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Like `readLocalServer`, in an open folder. */
export function readServerFile(folder: TrustedFolder): LocalServer | undefined {
  const text = readOwned(folder);
  if (text === undefined) return undefined;
  const found = parse(text);
  if (found === undefined) throw new AppError('NOT_TRUSTED', `${FILE} in the run folder is malformed`);
  return found;
}

function readOwned(folder: TrustedFolder): string | undefined {
  return readCheckedFile(folder.path(FILE), `${FILE} in the run folder`, (entry) => {
    const isLoose = entry.uid !== folder.uid || (entry.mode & 0o022) !== 0;
    return isLoose || !entry.isFile() || entry.size > MAX_BYTES ? "is not the server's own" : undefined;
  });
}

function parse(text: string): LocalServer | undefined {
  let value: Partial<Record<keyof LocalServer, unknown>>;
  try {
    value = Object(JSON.parse(text));
  } catch {
    return undefined;
  }
  const { serverId, hostname, address, ca, keys, version, mode, pid } = value;
  if (!isText(serverId) || !isText(hostname) || !isText(address) || !isText(ca) || !isText(version))
    return undefined;
  if (!/^.+:\d{1,5}$/.test(address) || (mode !== 'system' && mode !== 'self')) return undefined;
  if (typeof pid !== 'number' || !isKeys(keys)) return undefined;
  return { serverId, hostname, address, ca, keys, version, mode, pid };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isKeys(value: unknown): value is LocalServer['keys'] {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
}
