/**
 * The files that the server leaves in its run folder for the programs of this host: `server.json` for
 * everybody, `token` for its own uid alone (A8).
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncPath, writeDurably } from '../../system/atomic-file.ts';
import type { Mode } from './paths.ts';

/** The contents of `server.json`, with which local programs find the server and verify it. */
export interface ServerFile {
  readonly serverId: string;
  readonly hostname: string;
  /** `host:port` to connect to from this host. */
  readonly address: string;
  /** The root CA's certificate, PEM. */
  readonly ca: string;
  /** The public keys that tokens are verified with (RFC 7517). */
  readonly keys: { readonly keys: readonly object[] };
  readonly version: string;
  readonly mode: Mode;
  readonly pid: number;
}

/**
 * Writes `server.json` to the run folder `run`. Throws CONFIG_INVALID or UNAVAILABLE, like the others here.
 */
export function writeServerFile(run: string, file: ServerFile): void {
  writeDurably(join(run, 'server.json'), `${JSON.stringify(file, null, 2)}\n`, 0o644);
}

/** Does nothing when the file does not exist. */
export function removeServerFile(run: string): void {
  remove(join(run, 'server.json'));
}

export function writeAdminToken(run: string, token: string): void {
  writeDurably(tokenFile(run), `${token}\n`, 0o600);
}

/** Does nothing when the file does not exist. */
export function removeAdminToken(run: string): void {
  remove(tokenFile(run));
}

function remove(path: string): void {
  rmSync(path, { force: true });
  syncPath(dirname(path));
}

function tokenFile(run: string): string {
  return join(run, 'token');
}
