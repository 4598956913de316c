/**
 * A client's stored data about one server: the CA that it trusts and its token (N3, A3). One folder for
 * each server, 0700; files 0600, replaced by rename, so that readers never see half of one. Symbolic
 * links in place of the files are not followed, and a token that others can read is not used.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { writeDurably } from '../../system/atomic-file.ts';
import { readCheckedFile } from '../../system/checked-file.ts';
import { configFolder } from '../../system/xdg.ts';

const TOKEN = 'token';
const CA = 'ca.pem';
const MAX_BYTES = 64 * 1024;
/** More than a token, in bytes. */
const PROBE_BYTES = 8 * 1024;

/**
 * Returns `$XDG_CONFIG_HOME/latchkey/servers/<host>_<port>`. `address` is host:port, an IPv6 host in
 * brackets. Throws USAGE when it is not.
 */
export function serverFolder(env: NodeJS.ProcessEnv, home: string, address: string): string {
  const [, host, port] = /^\[?([^\s/\][]+?)\]?:(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined || port === undefined)
    throw new AppError('USAGE', `"${address}" is not host:port; for example server.example:7300`);
  return join(serversFolder(env, home), `${host.toLowerCase()}_${port}`);
}

/** Returns the folder of the folders of all servers. */
export function serversFolder(env: NodeJS.ProcessEnv, home: string): string {
  return join(configFolder(env, home), 'servers');
}

/**
 * Returns the stored token; undefined when there is none. Throws NOT_TRUSTED when others could read or
 * change it.
 */
export function readToken(folder: string): string | undefined {
  return readPrivate(join(folder, TOKEN), 0o077)?.trim();
}

export function writeToken(folder: string, token: string): void {
  writePrivate(folder, TOKEN, `${token}\n`);
}

/** Throws UNAVAILABLE when no token could be written to the folder. */
export function checkWritable(folder: string): void {
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES), { mode: 0o600, flag: 'wx' });
    rmSync(probe);
  } catch (cause) {
    if (existsSync(probe)) rmSync(probe);
    const why = `cannot keep a token in ${folder} (${reasonOf(cause)})`;
    const next = 'let it be written to, or name another configuration folder in XDG_CONFIG_HOME';
    throw new AppError('UNAVAILABLE', `${why}; ${next}`, { cause });
  }
}

/** Removes the token. With `token`, removes only that one, so that a newer one stays. */
export function removeToken(folder: string, token?: string): void {
  if (token !== undefined && readToken(folder) !== token) return;
  rmSync(join(folder, TOKEN), { force: true });
}

/**
 * Returns the stored CA certificate (PEM); undefined when there is none. Throws NOT_TRUSTED when others
 * could change it.
 */
export function readCa(folder: string): string | undefined {
  return readPrivate(join(folder, CA), 0o022);
}

export function writeCa(folder: string, pem: string): void {
  writePrivate(folder, CA, pem);
}

/** Reads a file of this client; `forbidden` are mode bits that it must not have. Throws NOT_TRUSTED. */
export function readPrivate(path: string, forbidden: number): string | undefined {
  return readCheckedFile(path, path, ({ mode, uid, size }) => {
    if ((uid !== process.geteuid?.() && uid !== 0) || (mode & forbidden) !== 0)
      return 'is accessible to other users; remove it, or run chmod 600 if it is yours';
    return size > MAX_BYTES ? 'is too long' : undefined;
  });
}

/** Writes a file of this client, and creates its folder. */
export function writePrivate(folder: string, name: string, content: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeDurably(join(folder, name), content, 0o600);
}
