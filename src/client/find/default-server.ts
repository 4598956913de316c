/**
 * The server that commands use when none is named: the one of the last login that named a server (N1). Kept
 * beside the folders of the servers until the logout, with the same checks.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeDurably } from '../../system/atomic-file.ts';
import { configFolder, homeOf } from '../../system/xdg.ts';
import { readPrivate } from './server-folder.ts';

/** Returns host:port; undefined when there is none. Throws NOT_TRUSTED when others could change it. */
export function readDefaultServer(env: NodeJS.ProcessEnv): string | undefined {
  return readPrivate(fileIn(env), 0o022)?.trim() || undefined;
}

export function writeDefaultServer(env: NodeJS.ProcessEnv, address: string): void {
  const path = fileIn(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeDurably(path, `${address}\n`, 0o600);
}

/** Does nothing when another server is the default. */
export function removeDefaultServer(env: NodeJS.ProcessEnv, address: string): void {
  if (readDefaultServer(env) === address) rmSync(fileIn(env), { force: true });
}

function fileIn(env: NodeJS.ProcessEnv): string {
  return join(configFolder(env, homeOf(env)), 'servers', 'default');
}
