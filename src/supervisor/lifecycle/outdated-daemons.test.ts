import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VERSION } from '../../version.ts';
import { OutdatedDaemons, type OutdatedDaemonsOptions } from './outdated-daemons.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Looks after one idle link daemon of an earlier version, which `more` changes. */
function lookAfter(more: Partial<OutdatedDaemonsOptions['daemonStarts']> = {}) {
  const link = {
    uid: 1000,
    linuxUser: 'alice',
    socket: 'a',
    row: { version: 'earlier' },
    state: 'ready',
    isEnding: false,
    info: { sessions: 0 },
  };
  const registry = { all: () => [link], accepting: (): object | undefined => link };
  const replaced: boolean[] = [];
  const daemonStarts = {
    isPossible: true,
    replace: async (_bound: object, isWanted: () => boolean) => void replaced.push(isWanted()),
    ...more,
  };
  const log = { warn: () => {} };
  const daemons = new OutdatedDaemons({ registry, daemonStarts, log } as unknown as OutdatedDaemonsOptions);
  return { link, registry, daemonStarts, replaced, daemons };
}

type Case = ReturnType<typeof lookAfter>;

describe('a link daemon of an earlier version', () => {
  test.each<[string, (world: Case) => () => void]>([
    [
      'while it runs a session',
      ({ link }) => {
        link.info = { sessions: 1 };
        return () => (link.info = { sessions: 0 });
      },
    ],
    [
      'while it is not connected',
      ({ link }) => {
        link.state = 'lost';
        return () => (link.state = 'ready');
      },
    ],
    [
      'while it is being ended',
      ({ link }) => {
        link.isEnding = true;
        return () => (link.isEnding = false);
      },
    ],
    [
      'while another one takes starts',
      ({ link, registry }) => {
        registry.accepting = () => ({});
        return () => (registry.accepting = () => link);
      },
    ],
    [
      'while no other can be started',
      ({ daemonStarts }) => {
        daemonStarts.isPossible = false;
        return () => (daemonStarts.isPossible = true);
      },
    ],
    [
      'if it is of this version',
      ({ link }) => {
        link.row = { version: VERSION };
        return () => (link.row = { version: 'earlier' });
      },
    ],
  ])('is not replaced %s', async (_name, keep) => {
    const world = lookAfter();
    using _ = world.daemons;
    const release = keep(world);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(world.replaced).toEqual([]);
    release();
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    expect(world.replaced).toEqual([true]);
  });

  test.each<[string, () => Promise<void>]>([
    ['is outdated, too', async () => {}],
    ['cannot be started', () => Promise.reject(new Error('no sudo'))],
  ])('is replaced only once in ten minutes when the other one %s', async (_name, replace) => {
    let times = 0;
    const world = lookAfter({
      replace: () => {
        times += 1;
        return replace();
      },
    });
    using _ = world.daemons;
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    expect(times).toBe(1);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS - SECOND_MS);
    expect(times).toBe(1);
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    expect(times).toBe(2);
  });
});
