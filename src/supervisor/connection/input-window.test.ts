import { describe, expect, test } from 'vitest';
import {
  fake,
  link,
  sessionId,
  start,
  withRegisteredLink,
  world,
} from '../../../test/support/link/registered-link.ts';

const KIB = 1024;

describe('the input of a session', () => {
  withRegisteredLink();

  test('waits for credit, in the order it was written, and blocks nothing else', async () => {
    await start();
    const big = link.input(sessionId, Buffer.alloc(300 * KIB, 1));
    const small = link.input(sessionId, Buffer.from('2'));
    const received = () =>
      fake.received.flatMap(({ body }) => (body?.$case === 'stdin' ? [body.value.data] : []));
    await link.signal(sessionId, 15);
    await world.until('the window', () => Buffer.concat(received()).length === 256 * KIB || undefined);
    fake.say({ $case: 'credit', value: { reader: 0, sessionId, bytes: 64 * KIB } });
    await Promise.all([big, small]);
    await link.closeInput(sessionId);
    const bytes = Buffer.concat(received());
    expect(bytes.length).toBe(300 * KIB + 1);
    expect(bytes.at(-1)).toBe('2'.charCodeAt(0));
  });

  test('a link cannot grant more input than a program may leave unread', async () => {
    await start();
    await link.input(sessionId, Buffer.alloc(256 * KIB));
    fake.say({ $case: 'credit', value: { reader: 0, sessionId, bytes: 2 ** 31 } });
    const left = new AbortController();
    const writing = link.input(sessionId, Buffer.alloc(1024 * KIB), left.signal);
    const received = (): number =>
      fake.received.reduce(
        (sum, { body }) => sum + (body?.$case === 'stdin' ? body.value.data.length : 0),
        0,
      );
    await world.until('the window', () => received() >= 512 * KIB || undefined);
    await link.list([]); // answered after all that was sent before
    expect(received()).toBe(512 * KIB);
    left.abort();
    await expect(writing).rejects.toMatchObject({ reason: 'CANCELLED' });
  });

  test('is dropped when its writers have left, and does not hold up others', async () => {
    await start();
    const left = new AbortController();
    const blocked = [300 * KIB, 200 * KIB, 1].map((bytes) =>
      link.input(sessionId, Buffer.alloc(bytes, 1), left.signal),
    );
    const closing = link.closeInput(sessionId, left.signal);
    const patient = link.input(sessionId, Buffer.from('2'));
    const received = () =>
      Buffer.concat(
        fake.received.flatMap(({ body }) => (body?.$case === 'stdin' ? [body.value.data] : [])),
      ).toString();
    await world.until('the window', () => received().length === 256 * KIB || undefined);
    left.abort();
    for (const writer of [...blocked, closing])
      await expect(writer).rejects.toMatchObject({ reason: 'CANCELLED' });
    fake.say({ $case: 'credit', value: { reader: 0, sessionId, bytes: 1 } });
    await patient;
    await world.until('the other', () => received().endsWith('2') || undefined);
    expect(received()).toHaveLength(256 * KIB + 1);
    expect(fake.received.some(({ body }) => body?.$case === 'closeStdin')).toBe(false);
  });

  test('fails for all waiting and later writers once it is refused', async () => {
    await start();
    const refused = {
      $case: 'error',
      value: { reason: 'INPUT_CLOSED', message: 'no input', details: {}, field: '' },
    } as const;
    fake.answers = { stdin: () => refused };
    await expect(link.input(sessionId, Buffer.alloc(300 * KIB))).rejects.toMatchObject({
      reason: 'INPUT_CLOSED',
    });
    await expect(link.input(sessionId, Buffer.alloc(1))).rejects.toMatchObject({ reason: 'INPUT_CLOSED' });
    fake.say({ $case: 'exited', value: { sessionId, status: 0 } });
    await world.until('the end', () => !link.running.has(sessionId) || undefined);
    await expect(link.input(sessionId, Buffer.alloc(1))).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
  });
});
