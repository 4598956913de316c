import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MarksToSend } from './marks-to-send.ts';
import { TimeMap } from './time-map.ts';

const RECORDING = { term: 'xterm', shell: '/bin/sh' };

let folder: string;
let clock = 1_800_000_000_000;
let times: TimeMap;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-marks-'));
  times = TimeMap.create(join(folder, 'times'), { maxBytes: 1024 * 1024, now: () => clock });
});
afterEach(() => {
  times[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function note(offset: number): void {
  clock += 10;
  times.note(offset, 0);
}

function begin(): MarksToSend {
  const marks = MarksToSend.of({
    recording: RECORDING,
    marks: (...about) => times.marks(...about),
  });
  if (marks === undefined) throw new Error('no times');
  return marks;
}

it('begin with what describes the terminal, even without a mark', () => {
  const marks = begin();
  expect(marks.take(0, 0)).toEqual({ recording: RECORDING, marks: [] });
  expect(marks.take(0, 0)).toBeUndefined();
});

it('are sent once each, in parts of 500, and with each the output that they are about', () => {
  for (let offset = 0; offset < 1200; offset += 1) note(offset);
  const marks = begin();
  const parts: number[] = [];
  const offsets: number[] = [];
  for (let at = 0; at < 1200; at = marks.until) {
    const taken = marks.take(at, 1200)?.marks ?? [];
    parts.push(taken.length);
    offsets.push(...taken.map(({ offset }) => offset));
    expect(taken.every(({ offset }) => offset >= at && offset <= marks.until)).toBe(true);
    expect(marks.take(at, 1200)).toBeUndefined(); // before its output is sent
  }
  expect(parts).toEqual([500, 500, 200]);
  expect(offsets).toEqual(Array.from({ length: 1200 }, (_, at) => at));
});

it('begin with the one that holds where the output begins, and go on with later ones', () => {
  for (const offset of [0, 10, 20]) note(offset);
  const marks = begin();
  expect(marks.take(15, 18)?.marks.map(({ offset }) => offset)).toEqual([10]);
  expect(marks.take(18, 30)?.marks.map(({ offset }) => offset)).toEqual([20]);
  note(30);
  expect(marks.take(30, 30)?.marks.map(({ offset }) => offset)).toEqual([30]);
  expect(marks.take(30, 30)).toBeUndefined();
});

it('are not there where none are kept', () => {
  expect(MarksToSend.of({ recording: undefined, marks: () => [] })).toBeUndefined();
});
