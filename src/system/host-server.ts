/** The server of all users of this host, as it concerns a user who may have a server of their own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalServer, readLocalServer, SYSTEM_RUN_DIR } from './local-server.ts';

/** The folders of a user's own server. */
export interface OwnServer {
  readonly mode: 'system' | 'self';
  readonly paths: { readonly state: string; readonly run: string };
}

/**
 * Returns the server of the host for a user without a server of their own; undefined when there is none, or
 * the user has one. Throws NOT_TRUSTED when the run folder is not the server's own.
 */
export function hostServerInstead({ mode, paths }: OwnServer): LocalServer | undefined {
  if (mode === 'system' || existsSync(paths.state) || existsSync(join(paths.run, 'server.json')))
    return undefined;
  return readLocalServer(SYSTEM_RUN_DIR);
}
