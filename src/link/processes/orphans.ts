/**
 * Reaps keepers, which this process has started without Node, and orphans: the link is a
 * subreaper, so what a session's processes leave behind becomes its child. Node reaps only what it
 * has started itself, and everything else would stay as a zombie.
 */
import { becomeSubreaper, reap } from '../../native/process.ts';
import { zombieChildren } from './processes.ts';

const GATHER_MS = 20;

/** Makes this process the reaper of its orphans; `isOwn` says which children are Node's to reap. */
export function reapOrphans(isOwn: (pid: number) => boolean): Disposable {
  becomeSubreaper();
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    timer = undefined;
    for (const pid of zombieChildren()) if (!isOwn(pid)) reap(pid);
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
