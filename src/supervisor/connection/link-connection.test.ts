import { describe, expect, test } from 'vitest';
import { endedAs, FakeLink } from '../../../test/support/link/fake-link.ts';
import {
  fake,
  link,
  PROGRAM,
  sessionId,
  start,
  withRegisteredLink,
  world,
} from '../../../test/support/link/registered-link.ts';
import { me } from '../../../test/support/link/supervisor-world.ts';
import { Stream } from '../../generated/latchkey/link/v1/link.ts';
import type { Body } from '../../link-protocol/protocol.ts';
import type { LinkConnection } from './link-connection.ts';

const KIB = 1024;

describe('frames from a link', () => {
  withRegisteredLink();

  const stateOf = (pid: number) => ({ sessionId, pid, exited: undefined, elsewhere: false });
  const read = (signal?: AbortSignal) =>
    link.read(sessionId, { offset: 0, follow: true, hold: false, ...(signal && { signal }) });
  const output = (reader: number, bytes: number, offset = 0) =>
    ({
      $case: 'output',
      value: { reader, offset, stream: Stream.STDOUT, data: Buffer.alloc(bytes) },
    }) as const;

  test('a refusal is passed on, with only the reasons and details that a link may send', async () => {
    const details = { first_offset: '17', other: 'x', jti: 'y' };
    const message = 'no\u001b[31m\nsuch file';
    fake.answers = {
      start: () => ({ $case: 'error', value: { reason: 'START_FAILED', message, details, field: '' } }),
    };
    await expect(start()).rejects.toMatchObject({
      reason: 'START_FAILED',
      message: 'no\ufffd[31m\ufffdsuch file',
      details: { firstOffset: '17' },
    });
    const stopping = { reason: 'LINK_LOST', message: 'this link is stopping', details: {}, field: '' };
    fake.answers = { start: () => ({ $case: 'error', value: stopping }) };
    await expect(start()).rejects.toMatchObject({ reason: stopping.reason, message: stopping.message });
    for (const reason of ['PERMISSION_DENIED', 'INTERNAL', 'UNKNOWN', '']) {
      fake.answers = {
        start: () => ({ $case: 'error', value: { reason, message: 'pay here', details: {}, field: '' } }),
      };
      await expect(start()).rejects.toMatchObject({
        reason: 'LINK_LOST',
        message: 'the link failed; try again',
        cause: { message: `the link reports ${reason}: pay here` },
      });
    }
  });

  test('no refusal has a stack, or is an error of the server in the log', async () => {
    const value = { reason: 'INVALID_ARGUMENT', message: 'pay here', details: {}, field: '' };
    fake.answers = { list: () => ({ $case: 'error', value }), start: () => ({ $case: 'error', value }) };
    const refused: Error = await link.list([sessionId]).then(
      () => new Error('not refused'),
      (error: Error) => error,
    );
    expect(refused.stack?.split('\n')).toEqual([expect.stringContaining('pay here')]);
    await start().catch(() => undefined);
    world.links.observe({ ready: async (ready) => void (await ready.list([sessionId])) });
    await world.until('the log', () =>
      world.logged.find(({ message }) => message.includes('an event of a link')),
    );
    expect(world.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('an answer of the wrong kind ends the connection, and all requests fail with LINK_LOST', async () => {
    fake.answers = { start: () => ({ $case: 'done', value: {} }), list: () => undefined };
    const asked = [link.list([sessionId]), start()];
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'LINK_LOST' } });
    }
    expect(link.isOpen).toBe(false);
  });

  test('output arrives in order, and credit is returned as it is consumed', async () => {
    const reading = read();
    const first = reading.next();
    await world.until('Read', () => fake.received.some(({ body }) => body?.$case === 'read') || undefined);
    const value = fake.received.flatMap(({ body }) => (body?.$case === 'read' ? [body.value] : [])).at(-1);
    if (!value) throw new Error('no Read');
    expect(value.credit).toBe(512 * KIB);
    for (const at of [0, 1, 2, 3]) fake.say(output(value.reader, 128 * KIB, at * 128 * KIB));
    expect((await first).value).toMatchObject({ offset: 0, stream: 'stdout' });
    expect(fake.received.some(({ body }) => body?.$case === 'credit')).toBe(false);
    expect((await reading.next()).value).toMatchObject({ offset: 128 * KIB });
    await world.until(
      'Credit',
      () => fake.received.some(({ body }) => body?.$case === 'credit') || undefined,
    );
    fake.say({ $case: 'readEnd', value: { reader: value.reader, exited: { sessionId, status: 7 } } });
    await reading.next();
    await reading.next();
    expect(await reading.next()).toEqual({ done: true, value: { exited: { status: 7 } } });
    await link.list([]); // answered after all frames before
    expect(fake.received.some(({ body }) => body?.$case === 'stopRead')).toBe(false);
  });

  test('a thousand readers that do not read get a little credit each', async () => {
    const readings = Array.from({ length: 1000 }, () => read());
    const asked = readings.map((reading) => reading.next().catch(() => undefined));
    const credits = (): number[] =>
      fake.received.flatMap(({ body }) => (body?.$case === 'read' ? [body.value.credit] : []));
    await world.until('all', () => credits().length === 1000 || undefined);
    expect(Math.max(...credits())).toBe(512 * KIB);
    expect(Math.min(...credits())).toBe(32 * KIB);
    expect(credits().reduce((sum, credit) => sum + credit)).toBeLessThan(80 * KIB * KIB);
    fake.hangUp();
    await Promise.all(asked);
  });

  /** Begins to read with times; resolves with the reader's id. */
  async function readTimes(): Promise<{ reading: ReturnType<typeof link.read>; reader: number }> {
    const reading = link.read(sessionId, { offset: 0, follow: true, hold: false, times: true });
    void reading.next().catch(() => {});
    const isRead = () =>
      fake.received.flatMap(({ body }) => (body?.$case === 'read' ? [body.value] : [])).at(-1);
    const value = await world.until('Read', isRead);
    expect(value.times).toBe(true);
    return { reading, reader: value.reader };
  }

  const mark = { offset: 3, time: 1000, size: undefined, late: false };

  test('times come before the output, within the bounds of what a client can be told', async () => {
    const { reading, reader } = await readTimes();
    const marks = [
      { ...mark, time: Number.MAX_SAFE_INTEGER, size: { columns: 0, rows: 24 } },
      { ...mark, size: { columns: 80, rows: 24 } },
    ];
    const recording = { term: 'x'.repeat(300), shell: '' };
    fake.say(output(reader, 1));
    fake.say({ $case: 'marks', value: { reader, offset: 1, marks, recording } });
    const { value } = await reading.next();
    expect(value).toMatchObject({ offset: 1, data: Buffer.alloc(0) });
    expect(value).toHaveProperty('times', {
      marks: [{ ...mark, time: 253_402_300_799_999 }, marks[1]],
      recording: { term: 'x'.repeat(256), shell: '' },
    });
  });

  test.each([
    ['more marks than there was credit for', 40, 500],
    ['too many marks at once', 1, 501],
  ])('%s end the connection', async (_, times, count) => {
    const { reading, reader } = await readTimes();
    const marks = Array.from({ length: count }, () => mark);
    for (let at = 0; at < times; at += 1)
      fake.say({ $case: 'marks', value: { reader, offset: 0, marks, recording: undefined } });
    await link.ended;
    expect(link.isOpen).toBe(false);
    await reading.return({});
  });

  test('more output than there was credit for ends the connection', async () => {
    const reading = read();
    const first = reading.next();
    await world.until('Read', () => fake.received.some(({ body }) => body?.$case === 'read') || undefined);
    fake.say(output(1, 512 * KIB + 1));
    await expect(first).rejects.toMatchObject({ reason: 'LINK_LOST' });
    expect(link.isOpen).toBe(false);
  });

  test.each([0, 1])('endless pieces of %i bytes are more than there was credit for', async (bytes) => {
    const first = read().next();
    await world.until('Read', () => fake.received.some(({ body }) => body?.$case === 'read') || undefined);
    for (let at = 0; at < 1024; at += 1) fake.say(output(1, bytes, at));
    expect(await first).toMatchObject({ value: { offset: 0 } });
    expect(link.isOpen).toBe(true);
    fake.say(output(1, bytes, 1024));
    await link.ended;
    expect(link.isOpen).toBe(false);
  });

  test('a reader that leaves is stopped, and output that still arrives is dropped', async () => {
    const leaving = new AbortController();
    const reading = read(leaving.signal);
    const next = reading.next();
    leaving.abort();
    await expect(next).rejects.toMatchObject({ reason: 'CANCELLED' });
    await world.until(
      'StopRead',
      () => fake.received.some(({ body }) => body?.$case === 'stopRead') || undefined,
    );
    fake.say(output(1, 100));
    expect(await link.list([sessionId])).toEqual([]);
  });

  test('a link of an earlier version gets nothing that is not UTF-8, and no terminal', async () => {
    await using old = await FakeLink.listen(world.linksFolder, {
      hello: { takesBytes: false, hasTerminals: false },
    });
    await world.links.register({ socket: old.name, daemon: false }, me.uid);
    const oldLink = world.links.forSocket(old.name) as LinkConnection;
    const text = Buffer.from('é');
    const raw = Buffer.from('a\xe9', 'latin1');
    const program = { ...PROGRAM, sessionId };
    for (const wrong of [{ command: [text, raw] }, { environment: { X: raw } }, { directory: raw }]) {
      const reason = { reason: 'START_FAILED', message: expect.stringContaining('earlier version') };
      await expect(oldLink.start({ ...program, ...wrong })).rejects.toMatchObject(reason);
    }
    const terminal = { columns: 80, rows: 24 };
    await expect(oldLink.start({ ...program, terminal })).rejects.toMatchObject({
      reason: 'START_FAILED',
      message: expect.stringContaining('earlier version, which has no terminals'),
    });
    expect(old.received.some(({ body }) => body?.$case === 'start')).toBe(false);
    await oldLink.start({ ...program, command: [text], environment: { X: text }, directory: text });
  });

  test('a refused read reports the reason', async () => {
    const value = { reason: 'OUTPUT_DROPPED', message: 'gone', details: { first_offset: '99' }, field: '' };
    fake.answers = { read: () => ({ $case: 'error', value }) };
    await expect(read().next()).rejects.toMatchObject({
      reason: 'OUTPUT_DROPPED',
      details: { firstOffset: '99' },
    });
    for (const [field, known] of [
      ['offset', { field: 'offset', description: 'too far' }],
      ['jti', undefined],
    ]) {
      const wrong = { reason: 'INVALID_ARGUMENT', message: 'too far', details: {}, field: `${field}` };
      fake.answers = { read: () => ({ $case: 'error', value: wrong }) };
      await expect(read().next()).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT', violation: known });
    }
  });

  test('a link that does not read is disconnected before much waits for it', async () => {
    fake.stopReading();
    const firstInput = Buffer.alloc(1000 * KIB);
    const starts = Array.from({ length: 20 }, (_, at) =>
      link.start({ ...PROGRAM, sessionId: `s${at}`, firstInput }),
    );
    for (const outcome of await Promise.allSettled(starts))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'LINK_LOST' } });
    await expect(link.list([])).rejects.toMatchObject({ message: 'the link does not read' });
  });

  test('an ended session is no longer running even when its link reports no status', async () => {
    await start();
    await link.markEnded(sessionId);
    expect(link.running.has(sessionId)).toBe(false);
  });

  test.for<Body>([
    {
      $case: 'hello',
      value: {
        version: 1,
        nonce: Buffer.alloc(32),
        pid: 1,
        kind: 1,
        programVersion: '',
        jti: '',
        takesBytes: false,
        hasTerminals: false,
      },
    },
    { $case: 'signal', value: { sessionId, signal: 15 } },
    { $case: 'resume', value: { nonce: Buffer.alloc(32), mac: Buffer.alloc(32) } },
  ])('$case must not be sent by a link', async (body) => {
    fake.say(body);
    await link.ended;
  });

  test('a link has no sessions but those of the server, however many it sends', async () => {
    await start();
    const others = Array.from({ length: 20_000 }, (_, at) => ({
      ...stateOf(process.pid),
      sessionId: at.toString(36),
    }));
    const sessions = [...others, stateOf(process.pid), stateOf(process.pid)];
    fake.answers = {
      list: () => ({ $case: 'sessions', value: { sessions } }),
      adopt: () => ({ $case: 'sessions', value: { sessions } }),
    };
    expect(await link.list([sessionId, 'other'])).toEqual([stateOf(process.pid)]);
    expect(await link.adopt([sessionId])).toEqual([stateOf(process.pid)]);
    expect([...link.running]).toEqual([[sessionId, process.pid]]);
    expect(link.info.sessions).toBe(1);
    fake.hangUp();
    await world.until('the next connection', () => world.links.forSocket(fake.name) !== link || undefined);
    await world.until('its sessions', () => world.links.forSocket(fake.name) !== undefined || undefined);
    expect(world.links.find(fake.name)?.sessions).toBe(0);
  });

  test('the end of a session is reported by the connection that has named it, and by no other', async () => {
    const ends: string[] = [];
    world.links.observe({ exited: async (_link, sessionId) => void ends.push(sessionId) });
    await start();
    fake.say({ $case: 'exited', value: { sessionId: 'of another link', status: 0 } });
    fake.say({ $case: 'exited', value: { sessionId, status: 0 } });
    await world.until('its own', () => ends.includes(sessionId) || undefined);
    expect(ends).toEqual([sessionId]);
  });

  test.each([0, -1, -2_147_483_648, 4_194_305, 2_147_483_647])(
    'the pid %i is taken for unknown',
    async (pid) => {
      fake.answers = {
        start: () => ({ $case: 'started', value: { sessionId, pid } }),
        list: () => ({ $case: 'sessions', value: { sessions: [stateOf(pid)] } }),
      };
      expect(await start()).toMatchObject({ pid: 0 });
      expect(await link.list([sessionId])).toMatchObject([{ sessionId, pid: 0 }]);
      expect([...link.running]).toEqual([[sessionId, 0]]);
    },
  );

  test('the reported number of ended processes is limited to what a kernel can have', async () => {
    await start();
    const processes = 4_294_967_295;
    fake.answers = {
      end: () => ({ $case: 'ended', value: endedAs(sessionId, { processes }) }),
    };
    expect(await link.end(sessionId, 0)).toMatchObject({ processes: 4_194_304 });
  });

  test('warnings are logged without control characters, and at most ten a minute', async () => {
    const warning = { $case: 'warning', value: { sessionId, text: 'disk \u001b]0;full' } } as const;
    for (let i = 0; i < 50; i += 1) fake.say(warning);
    await link.list([sessionId]);
    const lines = world.logged.filter(({ message }) => message.startsWith('warning from a link'));
    expect(lines).toHaveLength(10);
    expect(lines[0]?.message).toBe('warning from a link: disk \ufffd]0;full');
  });

  test('bytes that are not a frame end the connection', async () => {
    fake.sayBytes(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await link.ended;
  });
});
