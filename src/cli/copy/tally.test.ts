import { expect, it } from 'vitest';
import { COPIED, failed, NO_FOLDER, UNCHANGED } from '../../copy/outcomes.ts';
import { Tally } from './tally.ts';

const place = (...names: string[]) => ({ source: 0, names: names.map((name) => Buffer.from(name)) });
const folder = (...names: string[]) => ({ kind: 'folder', size: 0, ...place(...names) }) as const;
const file = (size: number, ...names: string[]) => ({ kind: 'file', size, ...place(...names) }) as const;

it('counts each item once, also when its folders are told again after a lost connection', () => {
  const tally = new Tally();
  for (const item of [folder(), folder('a'), file(5, 'a', 'x')]) expect(tally.told(item, COPIED)).toBe(true);
  for (const item of [folder(), folder('a')]) expect(tally.told(item, COPIED)).toBe(false);
  tally.told(file(7, 'a', 'y'), COPIED);
  tally.told({ ...folder('b'), kind: 'link' }, COPIED);
  expect(tally).toMatchObject({ files: 2, folders: 2, links: 1, unchanged: 0, failed: 0, bytes: 12 });
  expect(tally.after).toEqual(place('b'));
});

it('counts what was there and what failed, and not what is in a folder that failed', () => {
  const tally = new Tally();
  tally.told(file(5, 'a'), UNCHANGED);
  tally.told(folder('b'), failed('permission denied'));
  tally.told(folder('b', 'c'), NO_FOLDER);
  tally.told(file(5, 'b', 'd'), NO_FOLDER);
  expect(tally).toMatchObject({ files: 0, folders: 0, unchanged: 1, failed: 1, bytes: 0 });
  expect(tally.summary()).toBe('copied 0 files, 0 KiB, 1 were there, 1 failed');
});

it('shows how far it is', () => {
  const tally = new Tally();
  tally.began('x', 4 * 1024 * 1024);
  tally.received(1024 * 1024);
  expect(tally.progress()).toMatch(/^copying: 0 files, 1\.0 MiB, .*\/s, x 25%$/);
  tally.began('empty', 0);
  expect(tally.progress()).toMatch(/ empty 100%$/);
});
