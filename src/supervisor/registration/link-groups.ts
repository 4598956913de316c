/**
 * A link has no group that logins of its account do not get (X10): not those of a shell from before a group
 * was taken away, of a service, or of newgrp(1).
 */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { getent } from '../../accounts/getent.ts';
import { AppError } from '../../errors.ts';
import { peerCredentials, peerGroups } from '../../native/peer-credentials.ts';

/** Groups that pam_group(8) gives to logins besides those of the user database. */
const GROUP_CONF = '/etc/security/group.conf';

/** Returns the ids of the groups of the process that listens at the other end. Throws LINK_LOST. */
export function groupsOfListener(socket: Socket): number[] {
  try {
    return [...new Set([peerCredentials(socket).gid, ...peerGroups(socket)])];
  } catch (cause) {
    throw new AppError('LINK_LOST', 'cannot reach the link: it closed the connection', { cause });
  }
}

/**
 * Throws LINK_REFUSED when there are groups among `held` that logins of `user`, whose groups are `gids`, do
 * not get; and UNAVAILABLE.
 */
export async function checkGroups(
  user: string,
  gids: readonly number[],
  held: readonly number[],
): Promise<void> {
  const foreign = held.filter((gid) => !gids.includes(gid));
  if (foreign.length === 0) return;
  const names = await namesOf(foreign);
  const given = namesInGroupConf(await readFile(GROUP_CONF, 'utf8').catch(() => ''));
  const refused = foreign.map((gid) => names.get(gid) ?? `gid ${gid}`).filter((name) => !given.has(name));
  if (refused.length === 0) return;
  throw new AppError(
    'LINK_REFUSED',
    `this process has groups that logins of ${user} do not get now: ${refused.join(', ')}; log in to this host again, and start the link there`,
  );
}

/** Returns the groups in the active lines of group.conf(5): the last of five fields between semicolons. */
export function namesInGroupConf(text: string): Set<string> {
  const lines = text.replaceAll('\\\n', '').split('\n');
  const fields = lines.map((line) => line.replace(/#.*/, '').split(';')[4] ?? '');
  return new Set(fields.flatMap((field) => field.split(/[\s,]+/)).filter((name) => name !== ''));
}

async function namesOf(gids: readonly number[]): Promise<Map<number, string>> {
  const entries = (await getent('group', gids.map(String))).map((line) => line.split(':'));
  return new Map(entries.map(([name = '', , gid]) => [Number(gid), name]));
}
