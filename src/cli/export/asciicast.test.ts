import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Asciicast, type CastVersion } from './asciicast.ts';

const BEGAN_MS = 1_800_000_000_250;
const HEADER = {
  size: { columns: 100, rows: 30 },
  beganMs: BEGAN_MS,
  title: 'a title',
  command: "printf 'a b'",
  term: 'xterm-256color',
  shell: '/bin/bash',
};

function cast(version: CastVersion, work: (to: Asciicast) => void, header = HEADER): string[] {
  const lines: string[] = [];
  work(new Asciicast(version, header, (line) => lines.push(line)));
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  return lines;
}

function parsed(lines: readonly string[]): unknown[] {
  return lines.map((line) => JSON.parse(line));
}

function record(to: Asciicast): void {
  to.output(BEGAN_MS + 1500, Buffer.from('one'));
  to.resize(BEGAN_MS + 2000, { columns: 90, rows: 31 });
  to.output(BEGAN_MS + 1900, Buffer.from('two')); // the clock was set back
  to.marker(BEGAN_MS + 2001, 'a remark');
  to.exit(BEGAN_MS + 60_000, 7);
}

it('of version 2 has a flat header and the time since its beginning', () => {
  expect(parsed(cast(2, record))).toEqual([
    {
      version: 2,
      width: 100,
      height: 30,
      timestamp: 1_800_000_000,
      title: 'a title',
      command: "printf 'a b'",
      env: { TERM: 'xterm-256color', SHELL: '/bin/bash' },
    },
    [1.5, 'o', 'one'],
    [2, 'r', '90x31'],
    [2, 'o', 'two'],
    [2.001, 'm', 'a remark'],
  ]);
});

it('of version 3 describes the terminal, has the time since the event before, and the exit status', () => {
  expect(parsed(cast(3, record))).toEqual([
    {
      version: 3,
      term: { cols: 100, rows: 30, type: 'xterm-256color' },
      timestamp: 1_800_000_000,
      title: 'a title',
      command: "printf 'a b'",
      env: { SHELL: '/bin/bash' },
    },
    [1.5, 'o', 'one'],
    [0.5, 'r', '90x31'],
    [0, 'o', 'two'],
    [0.001, 'm', 'a remark'],
    [57.999, 'x', '7'],
  ]);
});

it('leaves out what is not known', () => {
  const [header] = cast(3, () => {}, { ...HEADER, title: '', command: '', term: '', shell: '' });
  expect(JSON.parse(header ?? '')).toEqual({
    version: 3,
    term: { cols: 100, rows: 30 },
    timestamp: 1_800_000_000,
    env: {},
  });
});

it('joins characters that come in pieces, and replaces what is not UTF-8, as a decoder of the whole does', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((some) => Buffer.from(some)),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(`\ufeff${text}日👍`)),
  );
  fc.assert(
    fc.property(
      fc.array(bytes),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      (parts, cuts) => {
        const whole = Buffer.concat(parts);
        const lines = cast(2, (to) => {
          for (let at = 0, turn = 0; at < whole.length; turn += 1) {
            const length = cuts[turn % cuts.length] ?? 1;
            to.output(BEGAN_MS, whole.subarray(at, at + length));
            at += length;
          }
          to.end();
        });
        const events = parsed(lines.slice(1)) as [number, string, string][];
        const text = events.map(([, , data]) => data).join('');
        expect(text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole));
        expect(events.every(([, , data]) => data !== '')).toBe(true);
      },
    ),
    { numRuns: 20 },
  );
});

it('has no character that a terminal would interpret', () => {
  const text = '\x1b[31m\x07\x7f\u009b\u202e\u2028';
  const [, event = ''] = cast(2, (to) => to.output(BEGAN_MS, Buffer.from(text)));
  expect(event).toMatch(/^[ -~]+\n$/);
  expect(JSON.parse(event)).toEqual([0, 'o', text]);
});
