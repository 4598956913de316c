/** Which token a client calls with, and where it came from; never one for a server that did not issue it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, isAppError } from '../../errors.ts';
import { CLAIM_PREFIX } from '../../token/claims.ts';
import { parseJws } from '../../token/jws.ts';
import type { FoundServer } from './find-server.ts';
import { readToken, removeToken } from './server-folder.ts';

export interface FindToken {
  readonly token?: string;
  readonly tokenFile?: string;
  /** Use the local administrator's token and no other. */
  readonly localAdmin?: boolean;
  readonly env: NodeJS.ProcessEnv;
}

export interface FoundToken {
  readonly token: string;
  /** Whether it is what a link of this client's user has stored, and hangs on that. */
  readonly isLink: boolean;
  /** Its `iss`: the server whose certificate has to name it before the token is sent. */
  readonly issuer: string;
  /** Drops it from where it was found, when that is the client's to do. */
  forget(): void;
}

const LOCAL_ADMIN = 'token';

/**
 * What was given; else what this client keeps for the server; else the local administrator's token
 * for whoever may read it (A8). Undefined without any. Throws USAGE and NOT_TRUSTED.
 */
export function findToken(wanted: FindToken, server: FoundServer): FoundToken | undefined {
  if (wanted.localAdmin === true) return localAdmin(server) ?? cannotBeAdmin(server);
  const given = givenToken(wanted);
  if (given !== undefined) return found(given, () => {});
  const kept = readToken(server.folder);
  const stored = kept === undefined ? undefined : found(kept, () => removeToken(server.folder, kept), true);
  // A stored token that is over is still the better one to be told about, unless there is another.
  return stored !== undefined && isUsable(stored, server) ? stored : (localAdmin(server) ?? stored);
}

function givenToken({ token, tokenFile, env }: FindToken): string | undefined {
  if (token !== undefined) return token;
  if (tokenFile !== undefined) return fileToken(tokenFile);
  if (env.LATCHKEY_TOKEN) return env.LATCHKEY_TOKEN.trim();
  return env.LATCHKEY_TOKEN_FILE ? fileToken(env.LATCHKEY_TOKEN_FILE) : undefined;
}

function fileToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new AppError('USAGE', `the token file ${path} cannot be read`, { cause });
  }
}

/** The token beside the `server.json` that told of the server, for that server and no other. */
function localAdmin({ local }: FoundServer): FoundToken | undefined {
  if (local === undefined) return undefined;
  try {
    const token = readFileSync(join(local.runDir, LOCAL_ADMIN), 'utf8').trim();
    return { token, isLink: false, issuer: local.server.serverId, forget: () => {} };
  } catch {
    return undefined;
  }
}

function cannotBeAdmin({ local }: FoundServer): never {
  const where =
    local === undefined
      ? 'the server is not one of this host'
      : `${join(local.runDir, LOCAL_ADMIN)} cannot be read`;
  throw new AppError(
    'NOT_LOGGED_IN',
    `there is no local administrator's token: ${where}; run it as root, or as who runs the server`,
  );
}

function found(token: string, forget: () => void, isKept = false): FoundToken {
  const claims = claimsOf(token);
  if (typeof claims?.iss !== 'string')
    throw new AppError('TOKEN_INVALID', 'what was given is not a token; log in again');
  const isLink = isKept && claims[`${CLAIM_PREFIX}auth-method`] === 'link';
  return { token, isLink, issuer: claims.iss, forget };
}

function isUsable({ token, issuer }: FoundToken, { local }: FoundServer): boolean {
  const exp = claimsOf(token)?.exp;
  const isOver = typeof exp === 'number' && exp * 1000 <= Date.now();
  return !isOver && (local === undefined || issuer === local.server.serverId);
}

/** What the token says of itself; nothing here believes it. */
function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    return parseJws(token).payload;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
