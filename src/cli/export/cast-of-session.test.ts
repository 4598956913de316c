import { expect, it } from 'vitest';
import { Session } from '../../generated/latchkey/v1/session.ts';
import { CastOfSession } from './cast-of-session.ts';

const STARTED_MS = 1_800_000_000_000;
const SIZE = { columns: 80, rows: 24 };
const WIDE = { columns: 132, rows: 50 };
const RECORDING = { term: 'xterm', shell: '/bin/sh' };

const SESSION = Session.fromPartial({
  id: 's1',
  command: [Buffer.from('vi'), Buffer.from('a b')],
  startedAt: new Date(STARTED_MS),
  terminal: WIDE,
});

function mark(offset: number, seconds: number, more: object = {}) {
  const printedAt = new Date(STARTED_MS + seconds * 1000);
  return { offset, printedAt, terminal: SIZE, late: false, ...more };
}

function castOf(work: (cast: CastOfSession) => void, session = SESSION, title?: string) {
  const lines: string[] = [];
  const cast = new CastOfSession(session, { version: 2, title, write: (line) => lines.push(line) });
  work(cast);
  const [header, ...events] = lines.map((line) => JSON.parse(line));
  return { header, events, remark: cast.remark };
}

it('has each piece at its time, and each size where it began', () => {
  const { header, events, remark } = castOf((cast) => {
    cast.times({ recording: RECORDING, marks: [mark(0, 1), mark(4, 3), mark(6, 4, { terminal: WIDE })] });
    cast.output(0, Buffer.from('one two'));
    cast.times({ recording: undefined, marks: [mark(8, 9, { terminal: WIDE }), mark(11, 20)] });
    cast.output(7, Buffer.from(' end'));
    cast.end(0);
  });
  expect(header).toMatchObject({ width: 80, height: 24, title: 'session s1', command: "vi 'a b'" });
  expect(header).toMatchObject({ timestamp: STARTED_MS / 1000, env: { TERM: 'xterm', SHELL: '/bin/sh' } });
  expect(events).toEqual([
    [1, 'o', 'one '],
    [3, 'o', 'tw'],
    [4, 'r', '132x50'],
    [4, 'o', 'o'],
    [4, 'o', ' '],
    [9, 'o', 'end'],
    [20, 'r', '80x24'],
  ]);
  expect(remark).toBe('');
});

it('says which output may be older, once, even if the mark is repeated', () => {
  const { events, remark } = castOf((cast) => {
    cast.times({ recording: RECORDING, marks: [mark(0, 1), mark(3, 60, { late: true })] });
    cast.output(0, Buffer.from('one'));
    cast.output(3, Buffer.from('two'));
    cast.times({ recording: RECORDING, marks: [mark(3, 60, { late: true })] });
    cast.output(6, Buffer.from('end'));
    cast.end(undefined);
  });
  expect(events).toEqual([
    [1, 'o', 'one'],
    [60, 'm', 'what follows may have been printed earlier: no link was running'],
    [60, 'o', 'two'],
    [60, 'o', 'end'],
  ]);
  expect(remark).toContain('may be older');
});

it('has all at its beginning where no times are known, and says so', () => {
  const { header, events, remark } = castOf((cast) => {
    cast.output(0, Buffer.from('one'));
    cast.end(undefined);
  });
  expect(header).toMatchObject({ width: 132, height: 50, env: {} });
  expect(events).toEqual([[0, 'o', 'one']]);
  expect(remark).toContain('times of this output are not known');
});

it('has at its beginning what a link of an earlier version read, and says so', () => {
  const { events, remark } = castOf((cast) => {
    cast.times({ recording: RECORDING, marks: [mark(3, 60, { late: true, terminal: undefined })] });
    cast.output(0, Buffer.from('onetwo'));
    cast.end(undefined);
  });
  expect(events.map(([time, code]) => [time, code])).toEqual([
    [0, 'o'],
    [60, 'm'],
    [60, 'o'],
  ]);
  expect(remark).toContain('the first 3 bytes are not known');
});

it('begins with what is still there when the oldest output has been dropped', () => {
  const { header, events } = castOf((cast) => {
    cast.dropped(1000, '1000 bytes of output are not available');
    cast.times({ recording: RECORDING, marks: [mark(900, 7200), mark(1003, 7201)] });
    cast.output(1000, Buffer.from('onetwo'));
    cast.dropped(2000, '994 bytes of output are not available');
    cast.output(2000, Buffer.from('end'));
    cast.end(undefined);
  });
  expect(header.timestamp).toBe(STARTED_MS / 1000 + 7200);
  expect(events).toEqual([
    [0, 'o', 'one'],
    [1, 'o', 'two'],
    [1, 'm', '994 bytes of output are not available'],
    [1, 'o', 'end'],
  ]);
});

it('has the title that is asked for, and is complete without any output', () => {
  const { header, events } = castOf((cast) => cast.end(undefined), { ...SESSION, command: [] }, 'my title');
  expect(header).toMatchObject({ version: 2, title: 'my title' });
  expect(header).not.toHaveProperty('command');
  expect(events).toEqual([]);
});
