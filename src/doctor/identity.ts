/** Doing as the daemon's user what the daemon does, so that the kernel answers as it answers the daemon. */
import { ownUid } from '../system/owned-path.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** `work` with the rights of `account`, which must be this process's own unless it is root's. One at a time. */
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
