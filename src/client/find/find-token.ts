/** Finds the token that a client calls with. It is never one of another server. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../../errno.ts';
import { AppError, isAppError } from '../../errors.ts';
import { type RunFolder, readRunFolder } from '../../system/local-server.ts';
import { CLAIM_PREFIX } from '../../token/claims.ts';
import { parseJws } from '../../token/jws.ts';
import { removeDefaultServer } from './default-server.ts';
import type { FoundServer } from './find-server.ts';
import { readToken, removeToken } from './server-folder.ts';

export interface FindToken {
  readonly token?: string;
  readonly tokenFile?: string;
  /** Use only the local administrator's token. */
  readonly localAdmin?: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** Time in which a restarted server replaces the local administrator's token, in milliseconds. */
const REPLACED_MS = 3_000;

export interface FoundToken {
  readonly token: string;
  /** True for a stored token that a link of this user has issued and that ends with it. */
  readonly isLink: boolean;
  /** Its `iss`: the server whose certificate must name it before the token is sent. */
  readonly issuer: string;
  /**
   * For the local administrator's token, which a restarted server replaces: waits up to 3 seconds for another
   * one and returns it. Undefined when there is none.
   */
  readonly newer?: () => Promise<string | undefined>;
  /** Deletes the token where it was found, when it is stored in the client's folder. */
  forget(): void;
}

/**
 * Returns the token that was given; else the stored one for the server; else the local administrator's,
 * when it is readable (A8). Undefined when there is none. Where another user's run folder vouches for the
 * server, only a token of the command line itself counts, or the folder's own. Throws USAGE and NOT_TRUSTED.
 */
export function findToken(wanted: FindToken, server: FoundServer): FoundToken | undefined {
  if (wanted.localAdmin === true) return localAdmin(server) ?? throwNoLocalAdmin(server);
  const given = givenToken(wanted);
  if (given !== undefined) return found(given, () => {});
  const set = setToken(wanted);
  if (server.isForeign) return set === undefined ? localAdmin(server) : notMeantFor(server);
  if (set !== undefined) return found(set, () => {});
  const token = readToken(server.folder);
  const stored = token === undefined ? undefined : found(token, () => forget(token, wanted, server), true);
  // An expired stored token is returned when there is no other, so that the user learns that it has expired.
  return stored !== undefined && isUsable(stored, server) ? stored : (localAdmin(server) ?? stored);
}

function forget(token: string, { env }: FindToken, { folder, address }: FoundServer): void {
  removeToken(folder, token);
  removeDefaultServer(env, address);
}

function givenToken({ token, tokenFile }: FindToken): string | undefined {
  if (token !== undefined) return token;
  return tokenFile === undefined ? undefined : fileToken(tokenFile);
}

/** Returns the token in the environment, which is not bound to one server. */
function setToken({ env }: FindToken): string | undefined {
  if (env.LATCHKEY_TOKEN) return env.LATCHKEY_TOKEN.trim();
  return env.LATCHKEY_TOKEN_FILE ? fileToken(env.LATCHKEY_TOKEN_FILE) : undefined;
}

function fileToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new AppError('USAGE', `cannot read the token file ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** Returns the token beside the `server.json` that described the server, if that server has issued it. */
function localAdmin({ local }: FoundServer): FoundToken | undefined {
  const token = local?.adminToken;
  if (token === undefined) return undefined;
  const admin = found(token, () => {});
  if (admin.issuer !== local?.server.serverId) return undefined;
  return { ...admin, newer: () => newerToken(local, token) };
}

async function newerToken(
  { runDir, server, isForeign }: RunFolder,
  token: string,
): Promise<string | undefined> {
  for (const endMs = performance.now() + REPLACED_MS; performance.now() < endMs; await delay(100)) {
    const now = readRunFolder(runDir);
    const isSame = now?.server.serverId === server.serverId && now.isForeign === isForeign;
    if (isSame && now.adminToken !== undefined && now.adminToken !== token) return now.adminToken;
  }
  return undefined;
}

function notMeantFor({ local, address }: FoundServer): never {
  throw new AppError(
    'NOT_TRUSTED',
    `the token in the environment is not sent to ${address}: only ${local?.runDir}, which belongs to another user, vouches for that server; name the token with --token-file, or the server's CA with --ca`,
  );
}

function throwNoLocalAdmin({ local }: FoundServer): never {
  const where =
    local === undefined
      ? 'the server does not run on this host'
      : `${local.runDir} has none of this server that you may read`;
  throw new AppError(
    'NOT_LOGGED_IN',
    `no local administrator's token: ${where}; run the command as root, or as the user that runs the server`,
  );
}

function found(token: string, forget: () => void, isStored = false): FoundToken {
  const claims = claimsOf(token);
  if (typeof claims?.iss !== 'string')
    throw new AppError('TOKEN_INVALID', 'the token is malformed; log in again');
  const isLink = isStored && claims[`${CLAIM_PREFIX}auth-method`] === 'link';
  return { token, isLink, issuer: claims.iss, forget };
}

function isUsable({ token, issuer }: FoundToken, { local }: FoundServer): boolean {
  const exp = claimsOf(token)?.exp;
  const isExpired = typeof exp === 'number' && exp * 1000 <= Date.now();
  return !isExpired && (local === undefined || issuer === local.server.serverId);
}

/** Returns the claims without verifying the token. */
function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    return parseJws(token).payload;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
