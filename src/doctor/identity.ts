/** Runs code as the daemon's user, so that the kernel answers as it would answer the daemon. */
import { ownUid } from '../system/owned-path.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs `work` with the rights of `account`: the current user, or any other when this is root. Not
 * concurrently.
 */
export function asAccount<T>({ uid, gid }: Account, work: () => T): T {
  if (uid === ownUid()) return work();
  const before = { gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
  try {
    process.setgroups?.([gid]);
    process.setegid?.(gid);
    process.seteuid?.(uid);
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(before.gid);
    process.setgroups?.(before.groups);
  }
}
