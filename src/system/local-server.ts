/**
 * The server of this host as described by the files in its run folder: `server.json` has its address, the CA
 * of its certificate, and the public keys of its tokens; `token` is the local administrator's. Both are
 * believed only when the folder and the files are the server's own (trusted-folder.ts). Parsed without zod,
 * because links load this file, too.
 */
import { readFileSync } from 'node:fs';
import { codeOf } from '../errno.ts';
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

/** The content of a run folder, read at one time. */
export interface RunFolder {
  readonly runDir: string;
  readonly server: LocalServer;
  /** The local administrator's token; undefined when there is none, or this user may not read it. */
  readonly adminToken: string | undefined;
  /**
   * True when the folder belongs to another user of this host, neither root nor the account of the service.
   * Its content is then that user's claim.
   */
  readonly isForeign: boolean;
}

const FILE = 'server.json';
const ADMIN_TOKEN_FILE = 'token';
const MAX_BYTES = 1024 * 1024;
const SERVICE_ACCOUNT = 'latchkey';
const PASSWD = '/etc/passwd';
/** Run folder of the server of all users. */
export const SYSTEM_RUN_DIR = '/run/latchkey';

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

/**
 * Returns the content of `runDir`; undefined when no server has written there. Throws NOT_TRUSTED when
 * another user than the folder's owner could have written one of the files, or one is malformed.
 */
export function readRunFolder(runDir: string): RunFolder | undefined {
  try {
    using folder = openTrustedFolder(runDir);
    const server = readServerFile(folder);
    if (server === undefined) return undefined;
    // Both from the one open folder: `runDir` may lead to another the next time.
    return { runDir, server, adminToken: readAdminToken(folder), isForeign: isForeign(folder.uid) };
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

function isForeign(owner: number): boolean {
  return owner !== 0 && owner !== process.geteuid?.() && owner !== serviceUid();
}

/** Returns the uid of the account that the package runs the server as (sysusers.d(5)). */
function serviceUid(): number | undefined {
  const line = accountLines().find((each) => each.startsWith(`${SERVICE_ACCOUNT}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}

function accountLines(): string[] {
  try {
    return readFileSync(PASSWD, 'utf8').split('\n');
  } catch {
    return []; // a container may have no accounts
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
    return isLoose || entry.size > MAX_BYTES ? "is not the server's own" : undefined;
  });
}

function readAdminToken(folder: TrustedFolder): string | undefined {
  try {
    const path = folder.path(ADMIN_TOKEN_FILE);
    return readCheckedFile(path, `${ADMIN_TOKEN_FILE} in the run folder`, (entry) => {
      const isLoose = entry.uid !== folder.uid || (entry.mode & 0o077) !== 0;
      return isLoose || entry.size > MAX_BYTES ? "is not the server's own" : undefined;
    })?.trim();
  } catch (error) {
    if (isAppError(error) && codeOf(error.cause) === 'EACCES') return undefined;
    throw error;
  }
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
