/**
 * The server that commands use when none is named: the one of the last login that named a server (N1). Kept
 * beside the folders of the servers until the logout, with the same checks.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { homeOf } from '../../system/xdg.ts';
import { readPrivate, serversFolder, writePrivate } from './server-folder.ts';

const DEFAULT = 'default';

/** Returns host:port; undefined when there is none. Throws NOT_TRUSTED when others could change it. */
export function readDefaultServer(env: NodeJS.ProcessEnv): string | undefined {
  return readPrivate(fileIn(env), 0o022)?.trim() || undefined;
}

export function writeDefaultServer(env: NodeJS.ProcessEnv, address: string): void {
  writePrivate(serversFolder(env, homeOf(env)), DEFAULT, `${address}\n`);
}

/** Does nothing when another server is the default. */
export function removeDefaultServer(env: NodeJS.ProcessEnv, address: string): void {
  if (readDefaultServer(env) === address) rmSync(fileIn(env), { force: true });
}

function fileIn(env: NodeJS.ProcessEnv): string {
  return join(serversFolder(env, homeOf(env)), DEFAULT);
}
