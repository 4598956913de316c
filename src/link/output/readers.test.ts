/** The readers of a link's sessions: their credit and offsets, and the limit of what is kept for them. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon } from '../../../test/support/link/fake-daemon.ts';
import { failure, type Line } from '../../../test/support/link/line.ts';
import type { Frame } from '../../generated/latchkey/link/v1/link.ts';

let daemon: FakeDaemon;
let line: Line;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ line } = await daemon.link());
});
afterAll(() => daemon[Symbol.asyncDispose]());

const isOutputOf =
  (reader: number) =>
  ({ body }: Frame): boolean =>
    body?.$case === 'output' && body.value.reader === reader;
const outputOf = (reader: number) => line.take('output', isOutputOf(reader));

describe('reading', () => {
  it("of one session continues while another's reader is stalled", async () => {
    const slow = await line.start(['yes', 'slow']);
    const quick = await line.start(['sh', '-c', 'seq 1 200000']);
    line.beginRead(slow.id, { credit: 1000 });
    const { stdout, status } = await line.read(quick.id);
    expect([stdout.length, status]).toEqual([1_288_895, 0]);
    const ended = await line.ask(
      { $case: 'end', value: { sessionId: slow.id, graceMilliseconds: 500 } },
      'ended',
    );
    expect(ended).toMatchObject({ processes: 1, survivors: [] });
  });

  it('stays within its credit, and continues with more', async () => {
    const { id } = await line.start(['printf', '%01000d', '0']);
    await line.read(id);
    const reader = line.beginRead(id, { credit: 10 });
    const first = await outputOf(reader);
    expect(first.data.length).toBe(10);
    await line.ask({ $case: 'ping', value: {} }, 'done');
    expect(line.frames.filter(isOutputOf(reader))).toEqual([]);
    line.send({ $case: 'credit', value: { reader, sessionId: '', bytes: 2000 } });
    const rest = await outputOf(reader);
    expect([rest.offset, rest.data.length]).toEqual([10, 990]);
    await line.take('readEnd', ({ body }) => body?.$case === 'readEnd' && body.value.reader === reader);
  });

  it('begins at any offset or with new output, and ends at the current end unless it follows', async () => {
    const { id } = await line.start(['sh', '-c', 'printf 0123456789; read go; printf abc'], { input: true });
    await eventually(async () => (await line.read(id, { follow: false })).all).toBe('0123456789');
    expect((await line.read(id, { follow: false })).status).toBeUndefined();
    for (const [bytes, last] of [
      [0, ''],
      [4, '6789'],
      [11, '0123456789'],
      [2 ** 50, '0123456789'],
    ] as const) {
      const offset = Number.MAX_SAFE_INTEGER - bytes;
      expect((await line.read(id, { offset, follow: false })).all).toBe(last);
    }
    const following = line.read(id, { offset: 7 });
    const fromNow = line.read(id, { offset: Number.MAX_SAFE_INTEGER });
    await line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from('go\n') } }, 'credit');
    expect(await following).toMatchObject({ all: '789abc', status: 0 });
    expect((await fromNow).all).toBe('abc');
  });

  it('separates the streams at every change', async () => {
    const script = 'for i in 1 2 3 4 5; do echo o$i; read go; echo e$i >&2; read go; done';
    const { id } = await line.start(['sh', '-c', script], { input: true });
    let printed = '';
    for (const word of ['o1', 'e1', 'o2', 'e2', 'o3', 'e3', 'o4', 'e4', 'o5', 'e5']) {
      printed += `${word}\n`;
      await eventually(async () => (await line.read(id, { follow: false })).all).toBe(printed);
      await line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from('go\n') } }, 'credit');
    }
    const { stdout, stderr, all } = await line.read(id);
    expect(stdout).toBe('o1\no2\no3\no4\no5\n');
    expect(stderr).toBe('e1\ne2\ne3\ne4\ne5\n');
    expect(all).toBe(printed);
    expect((await line.read(id, { offset: 4 })).stderr).toBe('1\ne2\ne3\ne4\ne5\n');
  });

  it('fails for an unknown session, and for an offset beyond the output', async () => {
    const { id } = await line.start(['true']);
    await line.read(id);
    const read = (sessionId: string, offset: number) =>
      line.ask(
        {
          $case: 'read',
          value: { reader: 999, sessionId, offset, follow: true, hold: false, credit: 1, times: false },
        },
        'done',
      );
    await expect(read('no-such-session', 0)).rejects.toMatchObject(failure('NOT_FOUND'));
    await expect(read('../../etc', 0)).rejects.toMatchObject(failure('NOT_FOUND'));
    await expect(read(id, 1)).rejects.toMatchObject(failure('INVALID_ARGUMENT', /only 0 bytes/));
  });
});

describe('readers', () => {
  it('are at most a thousand at once, each with a number of its own', async () => {
    const { line: its } = await daemon.link();
    const { id: sessionId } = await its.start(['sleep', '60']);
    const begin = (reader: number): void => {
      const value = { reader, sessionId, offset: 0, follow: true, hold: false, credit: 0, times: false };
      its.send({ $case: 'read', value }, reader);
    };
    /** Resolves with the refusals so far. */
    const refusals = async (): Promise<object[]> => {
      await its.ask({ $case: 'ping', value: {} }, 'done');
      return its.frames.filter(({ body }) => body?.$case === 'error');
    };
    for (let reader = 5001; reader <= 6000; reader += 1) begin(reader);
    expect(await refusals()).toEqual([]);
    begin(6001);
    begin(5001);
    const tooMany = { request: 6001, body: { value: failure('LIMIT_EXCEEDED', /too many readers/) } };
    const inUse = { request: 5001, body: { value: failure('INVALID_ARGUMENT', /already in use/) } };
    expect(await refusals()).toMatchObject([tooMany, inUse]);
    its.send({ $case: 'stopRead', value: { reader: 5001 } });
    begin(6002);
    expect(await refusals()).toMatchObject([tooMany, inUse]); // and no other
    await its.ask({ $case: 'end', value: { sessionId, graceMilliseconds: 1000 } }, 'ended');
  });
});

describe('the output limit', () => {
  const limit = 256 * 1024;
  const printing = ['sh', '-c', 'seq 1 200000'];
  const whole = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join('');

  it('drops the oldest output, reports where the rest begins, and frees the disk', async () => {
    const { id } = await line.start(printing, { outputLimit: limit });
    await line.take('exited', ({ body }) => body?.$case === 'exited' && body.value.sessionId === id);
    const error = await line.read(id).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'OUTPUT_DROPPED' });
    const offset = Number((error as { details: { first_offset: string } }).details.first_offset);
    expect((await line.read(id, { offset })).all).toBe(whole.slice(offset));
    expect(whole.length - offset).toBeGreaterThanOrEqual(limit);
    const { size, blocks } = statSync(join(daemon.sessions, id, 'output'));
    expect(size).toBe(whole.length);
    expect(blocks * 512).toBeLessThan(2 * limit);
  });

  it('waits for the expected reader, and for no other', async () => {
    const { id } = await line.start(printing, { outputLimit: limit, awaitReader: true });
    const stalled = join(daemon.sessions, id, 'output');
    await eventually(() => statSync(stalled).size).toBeGreaterThan(limit / 2);
    expect((await line.read(id, { follow: false })).all.length).toBeLessThan(whole.length);
    expect((await line.read(id, { hold: true })).all).toBe(whole);
  });

  it('waits for a reader that holds it', async () => {
    const { id } = await line.start(['sh', '-c', 'read go; seq 1 200000'], {
      outputLimit: limit,
      input: true,
    });
    const reader = line.beginRead(id, { hold: true, credit: 1000 });
    await line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from('go\n') } }, 'credit');
    const first = await outputOf(reader);
    expect(first.offset).toBe(0);
    const pieces = [first.data];
    for (let had = first.data.length; had < whole.length; ) {
      line.send({ $case: 'credit', value: { reader, sessionId: '', bytes: 64 * 1024 } });
      const next = await outputOf(reader);
      expect(next.offset).toBe(had);
      pieces.push(next.data);
      had += next.data.length;
    }
    expect(Buffer.concat(pieces).toString()).toBe(whole);
  });
});
