import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Mark } from '../../generated/latchkey/link/v1/link.ts';
import { TimeMap } from './time-map.ts';

const SIZE = { columns: 80, rows: 24 };
const WIDE = { columns: 132, rows: 50 };
const MAX_BYTES = 64 * 16;

let folder: string;
let path: string;
let clock: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-times-'));
  path = join(folder, 'times');
  clock = 1_800_000_000_000;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (maxBytes = MAX_BYTES) => ({ maxBytes, now: () => clock });

function all(map: TimeMap, offset = 0): Mark[] {
  return map.marks(undefined, offset, Number.MAX_SAFE_INTEGER, 1_000_000);
}

it('tells when which bytes came, also after it was opened again', () => {
  const map = TimeMap.create(path, options());
  map.resized(0, SIZE, 0);
  clock += 2000;
  map.note(0, 0);
  clock += 9; // too soon for an entry of its own
  map.note(100, 0);
  clock += 1;
  map.note(200, 0);
  clock += 5;
  map.resized(300, WIDE, 0);
  const expected = [
    { offset: 0, time: 1_800_000_002_000, size: SIZE, late: false },
    { offset: 200, time: 1_800_000_002_010, size: SIZE, late: false },
    { offset: 300, time: 1_800_000_002_015, size: WIDE, late: false },
  ];
  expect(all(map)).toEqual(expected);
  map[Symbol.dispose]();
  using read = TimeMap.read(path, options());
  expect(all(read)).toEqual(expected);
  expect(all(read, 250)).toEqual(expected.slice(1));
  expect(read.marks(expected[0], 0, 250, 10)).toEqual([expected[1]]);
});

it('says of the first output that the next link reads that it may be late, even if it comes at once', () => {
  TimeMap.create(path, options()).resized(0, SIZE, 0);
  using map = TimeMap.take(path, options());
  map.resized(5, WIDE, 0);
  map.note(7, 0);
  clock += 10;
  map.note(9, 0);
  expect(all(map).map(({ offset, size, late }) => [offset, size, late])).toEqual([
    [0, SIZE, false],
    [5, WIDE, false],
    [7, WIDE, true],
    [9, WIDE, false],
  ]);
});

it('stands still while the clock is behind, and shows a reader a size that replaces another one', () => {
  using map = TimeMap.create(path, options());
  map.note(0, 0);
  clock -= 3_600_000;
  map.resized(10, SIZE, 0);
  const before = all(map);
  map.resized(10, WIDE, 0);
  expect(all(map).map(({ time }) => time)).toEqual([1_800_000_000_000, 1_800_000_000_001]);
  expect(map.marks(before.at(-1), 10, 10, 10)).toMatchObject([{ offset: 10, size: WIDE }]);
});

it('stays within its bounds, and in order, and loses no size of what is kept', () => {
  const step = fc.record({
    ms: fc.oneof(fc.nat(50), fc.nat(1_000_000)),
    bytes: fc.integer({ min: 1, max: 5000 }),
    size: fc.option(fc.record({ columns: fc.integer({ min: 1, max: 9 }), rows: fc.constant(5) }), {
      freq: 9,
    }),
  });
  let run = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), fc.nat(20_000), (steps, kept) => {
      run += 1;
      const own = join(folder, `${run}`);
      using map = TimeMap.create(own, options());
      const sizes: { from: number; columns: number | undefined }[] = [];
      let offset = 0;
      for (const { ms, bytes, size } of steps) {
        clock += ms;
        const first = Math.max(0, offset - kept);
        if (size !== null) map.resized(offset, size, first);
        sizes.push({ from: offset, columns: size?.columns ?? sizes.at(-1)?.columns });
        map.note(offset, first);
        offset += bytes;
      }
      const marks = all(map);
      expect(statSync(own).size).toBeLessThanOrEqual(MAX_BYTES);
      for (const [index, mark] of marks.slice(1).entries()) {
        expect(mark.offset).toBeGreaterThan(marks[index]?.offset ?? 0);
        expect(mark.time).toBeGreaterThanOrEqual(marks[index]?.time ?? 0);
      }
      const columnsAt = (at: number) => marks.findLast((mark) => mark.offset <= at)?.size?.columns;
      const begin = Math.max(marks[0]?.offset ?? 0, offset - kept);
      for (const { from, columns } of sizes) if (from >= begin) expect(columnsAt(from)).toBe(columns);
    }),
    { numRuns: 50 },
  );
});

it('keeps pauses, to the second, over a long time of steady output', () => {
  using map = TimeMap.create(path, options(256 * 16));
  for (let offset = 0; offset < 20_000; offset += 1) {
    clock += offset % 1000 === 999 ? 60_000 : 10;
    map.note(offset, 0);
  }
  const marks = all(map);
  expect(marks.length).toBeLessThanOrEqual(256);
  for (let offset = 999; offset < 20_000; offset += 1000)
    expect(marks.some((mark) => mark.offset === offset)).toBe(true);
});

it('costs no output where its file cannot be written', () => {
  using map = TimeMap.create(path, options(16 * 4));
  for (let at = 0; at < 4; at += 1) {
    clock += 10;
    map.note(at, 0);
  }
  rmSync(folder, { recursive: true }); // it cannot be replaced any more
  clock += 10;
  expect(() => map.note(4, 0)).not.toThrow();
  expect(all(map)).toHaveLength(4);
});
