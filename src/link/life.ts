/** What a keeper tells its link through their pipe: that the program runs, and, by closing it, that it is over. */
import { readSync } from 'node:fs';
import { type Next, type Watch, watchReadable } from '../native/readable.ts';
import type { KeeperPids } from './session-folder.ts';

const MAX_LINE_BYTES = 64;

/** Whom it is told. */
export interface LifeEvents {
  /** The program is being started; not called for a keeper taken over. */
  started?(pids: KeeperPids): void;
  /** The program is over and its status noted, or the keeper is dead. */
  over(): void;
}

/** Watches the read end `fd`, which is the watch's from now on. */
export function watchLife(fd: number, events: LifeEvents): Watch {
  let line = '';
  return watchReadable(fd, (): Next => {
    const said = readSome(fd);
    if (said === undefined) return 'more';
    if (said === '') {
      events.over();
      return 'end';
    }
    line = (line + said).slice(0, MAX_LINE_BYTES);
    const [, keeper, holder] = /^(\d+) (\d+)\n/.exec(line) ?? [];
    if (keeper !== undefined) events.started?.({ keeper: Number(keeper), holder: Number(holder) });
    return 'more';
  });
}

/** '' at the end; undefined when there is nothing now. */
function readSome(fd: number): string | undefined {
  const buffer = Buffer.alloc(MAX_LINE_BYTES);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
