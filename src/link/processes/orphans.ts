/**
 * Reaps keepers, which are started without Node, and orphans: the link is a child subreaper, so orphaned
 * descendants become its children. Node reaps only the children that it has started itself; all others
 * would remain zombies.
 */
import { becomeSubreaper, reap } from '../../native/process.ts';
import { zombieChildren } from './processes.ts';

const GATHER_MS = 20;

/** Makes this process the subreaper; `isOwn` tells which children Node reaps itself. */
export function reapOrphans(isOwn: (pid: number) => boolean): Disposable {
  becomeSubreaper();
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    timer = undefined;
    try {
      for (const pid of zombieChildren()) if (!isOwn(pid)) reap(pid);
    } catch {
      onChild(); // out of descriptors: later
    }
  };
  const onChild = (): void => {
    timer ??= setTimeout(sweep, GATHER_MS).unref();
  };
  process.on('SIGCHLD', onChild);
  return {
    [Symbol.dispose]() {
      process.off('SIGCHLD', onChild);
      clearTimeout(timer);
    },
  };
}
