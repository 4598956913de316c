/** The folders in which links keep sessions, which outlive link and server. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, homeInDatabase } from '../account.ts';

/** Folders for the sessions of an account on a server: at home, or else where everyone may write. */
export function placesOfSessions(account: Account, serverId: string): [home: string, elsewhere: string] {
  return [
    join(homeInDatabase(account), '.local/state/latchkey', serverId),
    join('/var/tmp', `latchkey-${account.uid}`, serverId),
  ];
}

/** Removes what links of an account have kept for a server; their keepers may still be writing. */
export function removeSessions(account: Account, serverId: string): void {
  for (const place of placesOfSessions(account, serverId))
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}
