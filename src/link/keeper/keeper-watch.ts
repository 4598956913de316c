/**
 * Reads what a keeper reports to its link: its greeting, and later, by closing a pipe, the end of the
 * program.
 */
import { readSync } from 'node:fs';
import { codeOf } from '../../errno.ts';
import { type Watch, watchReadable } from '../../native/readable.ts';
import { type KeeperPids, parsePids } from '../session/session-folder.ts';

const MAX_GREETING_BYTES = 64;

/** Resolves with the keeper's greeting from descriptor `fd`; undefined when it runs no program. */
export function readGreeting(fd: number): { pids: Promise<KeeperPids | undefined>; watch: Watch } {
  const { promise, resolve } = Promise.withResolvers<KeeperPids | undefined>();
  let received = '';
  const watch = watchReadable(fd, () => {
    const more = readSome(fd);
    received += more ?? '';
    if (more !== '' && received.length <= MAX_GREETING_BYTES) return 'more';
    resolve(parsePids(received));
    return 'end';
  });
  return { pids: promise, watch };
}

/** Calls `onEnd` once the program has ended and its status is recorded, or the keeper is dead. */
export function watchKeeper(fd: number, onEnd: () => void): Watch {
  return watchReadable(fd, () => {
    if (readSome(fd) !== '') return 'more'; // programs of the same user can write to it
    onEnd();
    return 'end';
  });
}

/** Returns '' at the end of the pipe; undefined when nothing can be read now. */
function readSome(fd: number): string | undefined {
  const buffer = Buffer.alloc(MAX_GREETING_BYTES);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return undefined;
    throw error;
  }
}
