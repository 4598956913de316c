/** Checks combinations of settings, with each other and with the mode. */
import { BlockList, isIPv6 } from 'node:net';
import { AppError, isAppError } from '../errors.ts';
import { readPrivateFile } from '../system/owned-path.ts';
import { describe, invalid, remedy } from './config-error.ts';
import type { Config } from './settings/config-type.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** `uid` is the daemon's own. Throws CONFIG_INVALID. */
export function crossCheck(config: Config, uid: number): void {
  checkKey(config, uid);
  checkListen(config);
}

/** Checks that at most one of key file and secret is set, and that the file is closed to others (A6). */
function checkKey({ tokens, entries }: Config, uid: number): void {
  const { signingKey, secret } = tokens;
  const { where } = entries['tokens.signing_key'];
  if (signingKey === undefined) return;
  if (secret !== undefined) {
    const other = entries['tokens.secret'].where;
    throw invalid(
      `${where}: tokens.signing_key is set, and tokens.secret as well (${other}); expected one. Remove one`,
    );
  }
  const known = readKey(where, signingKey, uid);
  if (known === undefined) {
    throw invalid(
      `${where}: tokens.signing_key is ${describe(signingKey)}; there is no such file. Create it`,
    );
  }
}

function readKey(where: string, path: string, uid: number): Buffer | undefined {
  try {
    return readPrivateFile(path, uid);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(error.reason, `${where}: tokens.signing_key: ${error.message}`, { cause: error });
  }
}

/** Checks that a server in self mode listens only on loopback. */
function checkListen({ mode, api, entries }: Config): void {
  const { host } = api.listen;
  if (mode === 'system' || LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')) return;
  const entry = entries['api.listen'];
  throw invalid(
    `${entry.where}: api.listen is ${describe(entry.raw)}; expected a loopback address such as 127.0.0.1:7300, ` +
      `because a user's own server serves only that user. ${remedy(entry)}, or run it as root or latchkey`,
  );
}
