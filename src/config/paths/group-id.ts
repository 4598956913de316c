import { execFileSync } from 'node:child_process';

/** Returns the gid of a group of the host, from NSS by getent(1); undefined for an unknown group. */
export function groupId(name: string): number | undefined {
  try {
    const text = execFileSync('/usr/bin/getent', ['group', name], {
      encoding: 'utf8',
      env: {},
      timeout: 5_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const gid = Number(text.split(':')[2]);
    return Number.isSafeInteger(gid) ? gid : undefined;
  } catch {
    return undefined;
  }
}
