import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecentGroups } from './recent-groups.ts';

describe('the groups of accounts', () => {
  let folder: string;
  let file: string;
  let asked: string[][];
  let gids: number[];
  let groups: RecentGroups;
  let gate: Promise<void>;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    folder = mkdtempSync(join(tmpdir(), 'latchkey-groups-'));
    file = join(folder, 'group');
    writeFileSync(file, 'team:x:4:alice\n');
    asked = [];
    gids = [4];
    gate = Promise.resolve();
    groups = new RecentGroups([file], async (names) => {
      const found = new Map(names.map((name) => [name, gids]));
      if (names.length > 0) asked.push([...names]);
      await gate;
      return found;
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  it('are asked for once in five seconds, for each account', async () => {
    expect(await groups.of(['alice'])).toEqual(new Map([['alice', [4]]]));
    gids = [27];
    vi.advanceTimersByTime(4_000);
    const both = new Map([
      ['alice', [4]],
      ['bob', [27]],
    ]);
    expect(await groups.of(['alice', 'bob'])).toEqual(both);
    expect(asked).toEqual([['alice'], ['bob']]);
    vi.advanceTimersByTime(1_000);
    expect(await groups.of(['alice'])).toEqual(new Map([['alice', [27]]]));
    expect(await groups.of(['bob'])).toEqual(new Map([['bob', [27]]]));
    expect(asked).toEqual([['alice'], ['bob'], ['alice']]);
  });

  it('are asked for again at once when the file has changed, also during a query', async () => {
    const open = Promise.withResolvers<void>();
    gate = open.promise;
    const early = groups.of(['alice']);
    appendFileSync(file, 'more:x:27:alice\n');
    gids = [4, 27];
    const late = groups.of(['alice']);
    open.resolve();
    expect((await early).get('alice')).toEqual([4]);
    expect((await late).get('alice')).toEqual([4, 27]);
    expect((await groups.of(['alice'])).get('alice')).toEqual([4, 27]);
    expect(asked).toHaveLength(2);
  });

  it('are not lost when the file changes while others are asked for', async () => {
    await groups.of(['alice']);
    const open = Promise.withResolvers<void>();
    gate = open.promise;
    const both = groups.of(['alice', 'bob']);
    appendFileSync(file, '\n');
    const other = groups.of(['dora']);
    open.resolve();
    expect((await both).get('alice')).toEqual([4]);
    await other;
  });
});
