import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { Typist } from '../../../test/support/link/typist.ts';
import type { Frame, Mark } from '../../generated/latchkey/link/v1/link.ts';

let daemon: FakeDaemon;
let link: StartedLink;
let line: Line;
beforeEach(async () => {
  daemon = await FakeDaemon.open();
  ({ link, line } = await daemon.link());
});
afterEach(() => daemon[Symbol.asyncDispose]());

const SIZE = { columns: 80, rows: 24 };
const WIDE = { columns: 132, rows: 50 };

interface Timed {
  readonly marks: Mark[];
  readonly recordings: unknown[];
  readonly all: string;
}

/** Reads all of a session's output with its times, until now. */
async function readTimed(id: string): Promise<Timed> {
  const reader = line.beginRead(id, { times: true, follow: false });
  const isOf = ({ body }: Frame): boolean =>
    body !== undefined && 'reader' in body.value && body.value.reader === reader;
  await line.take('readEnd', (frame) => isOf(frame) && frame.body?.$case === 'readEnd');
  const bodies = line.frames.filter(isOf).flatMap(({ body }) => (body === undefined ? [] : [body]));
  const times = bodies.flatMap((body) => (body.$case === 'marks' ? [body.value] : []));
  expect(bodies[0]?.$case).toBe('marks');
  const data = bodies.flatMap((body) => (body.$case === 'output' ? [body.value.data] : []));
  return {
    marks: times.flatMap(({ marks }) => marks),
    recordings: times.map(({ recording }) => recording),
    all: Buffer.concat(data).toString('latin1'),
  };
}

/** Returns the mark that holds where `text` begins. */
function markAt({ marks, all }: Timed, text: string): Mark | undefined {
  const at = all.indexOf(text);
  expect(at).toBeGreaterThanOrEqual(0);
  return marks.findLast(({ offset }) => offset <= at);
}

describe('the times of a terminal', () => {
  it('are told with its sizes, its TERM and its SHELL', async () => {
    const before = Date.now();
    const environment = { TERM: Buffer.from('vt220') };
    const session = await Typist.start(line, ['sh', '-c', 'echo one; read x; echo two; read x; stty size'], {
      environment,
    });
    await session.shows(/one/);
    const between = Date.now();
    await session.types('\n');
    await session.shows(/two/);
    await session.resize(132, 50);
    expect((await readTimed(session.id)).marks.at(-1)).toMatchObject({ size: WIDE });
    await session.types('\n');
    await session.ended();
    for (const read of [await readTimed(session.id), await readTimed(session.id)]) {
      expect(read.all).toMatch(/one\r\n\r\ntwo\r\n\r\n50 132\r\n$/);
      expect(read.recordings[0]).toEqual({ term: 'vt220', shell: expect.stringMatching(/^\//) });
      expect(read.recordings.slice(1).every((recording) => recording === undefined)).toBe(true);
      const [one, two, last] = ['one', 'two', '50 132'].map((text) => markAt(read, text));
      expect([one?.size, two?.size, last?.size]).toEqual([SIZE, SIZE, WIDE]);
      expect(one?.time).toBeGreaterThanOrEqual(before);
      expect(two?.time).toBeGreaterThanOrEqual(between - 10);
      expect(read.marks.some(({ late }) => late)).toBe(false);
    }
  });

  it('go on with the next link, which says what may be older', async () => {
    let session = await Typist.start(line, ['sh', '-c', 'echo one; read x; echo two; read x']);
    await session.shows(/one/);
    await session.resize(132, 50);
    await session.types('\n');
    await session.shows(/two/);
    link.process.kill('SIGKILL');
    await link.exit;
    ({ link, line } = await daemon.link());
    await line.ask({ $case: 'adopt', value: { sessionIds: [session.id] } }, 'sessions');
    session = session.over(line);
    await session.types('three\n');
    expect(await session.ended()).toBe(0);
    const read = await readTimed(session.id);
    expect(read.marks.filter(({ late }) => late)).toEqual([markAt(read, 'three')]);
    expect(markAt(read, 'three')).toMatchObject({ size: WIDE, late: true });
    expect(read.marks[0]).toMatchObject({ size: SIZE, late: false });
  });

  it('begin when a link of an earlier version is replaced, which kept none', async () => {
    let session = await Typist.start(line, ['sh', '-c', 'echo one; read x']);
    await session.shows(/one/);
    link.process.kill('SIGKILL');
    await link.exit;
    rmSync(join(daemon.sessions, session.id, 'times'));
    ({ link, line } = await daemon.link());
    await line.ask({ $case: 'adopt', value: { sessionIds: [session.id] } }, 'sessions');
    session = session.over(line);
    await session.types('two\n');
    await session.ended();
    const read = await readTimed(session.id);
    expect(read.marks[0]).toMatchObject({ offset: 'one\r\n'.length, late: true, size: undefined });
  });

  it('are neither told to who does not ask for them, nor of a session without a terminal', async () => {
    const { id } = await line.start(['echo', 'plain']);
    await line.read(id);
    const reader = line.beginRead(id, { times: true });
    await line.take('readEnd', ({ body }) => body?.$case === 'readEnd' && body.value.reader === reader);
    const session = await Typist.start(line, ['echo', 'shown']);
    await session.ended();
    expect(line.frames.some(({ body }) => body?.$case === 'marks')).toBe(false);
  });
});
