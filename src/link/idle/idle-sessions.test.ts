import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alice } from '../../../test/support/account.ts';
import { FakeDaemon } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { Typist } from '../../../test/support/link/typist.ts';
import { needs } from '../../../test/support/needs.ts';
import { type Idle, IdleAction, type IdleRule } from '../../generated/latchkey/link/v1/link.ts';

let daemon: FakeDaemon;
let line: Line;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ line } = await daemon.link());
});
afterEach(() => setRules());
afterAll(() => daemon[Symbol.asyncDispose]());

const RULE: IdleRule = { action: IdleAction.END, afterSeconds: 2, warningSeconds: 1, hours: undefined };

function setRules(...rules: Partial<IdleRule>[]): void {
  line.send({ $case: 'idleRules', value: { rules: rules.map((rule) => ({ ...RULE, ...rule })) } });
}

/** Waits for what the link says next of a session that is idle or busy again. */
function said(id: string): Promise<Idle> {
  return line.take('idle', ({ body }) => body?.$case === 'idle' && body.value.sessionId === id);
}

/** Everything that the link has said so far of a session that is idle, and that no test has taken. */
const unread = (id: string): object[] =>
  line.frames.filter(({ body }) => body?.$case === 'idle' && body.value.sessionId === id);

describe('an idle session (X5)', () => {
  test('is warned, in its terminal and to the daemon, and then ended', async () => {
    const session = await Typist.start(line, ['sleep', '600']);
    setRules({});
    const warning = await said(session.id);
    expect(warning).toMatchObject({ action: IdleAction.END, secondsLeft: 1 });
    await session.shows(/latchkey: this session has been idle for \d s, and ends in 1 s unless it is used\r/);
    expect(session.shown.trimStart().startsWith('\u0007latchkey: ')).toBe(true);
    expect(await said(session.id)).toMatchObject({ action: IdleAction.END, secondsLeft: 0 });
    expect(await session.ended()).toBe(143);
  });

  test('is warned before anything happens, however long it has been idle', async () => {
    const session = await Typist.start(line, ['sleep', '600']);
    setRules({ action: IdleAction.WARN, afterSeconds: 1, warningSeconds: 0 });
    expect(await said(session.id)).toMatchObject({ action: IdleAction.WARN, secondsLeft: 0 });
    setRules();
    expect(await said(session.id)).toMatchObject({ action: IdleAction.UNSPECIFIED });
    setRules({ afterSeconds: 1, warningSeconds: 1 });
    expect(await said(session.id)).toMatchObject({ action: IdleAction.END, secondsLeft: 1 });
    expect(await session.ended()).toBe(143);
  });

  test('is warned of each action before it, also when it has been warned of another one', async () => {
    const session = await Typist.start(line, ['sleep', '600']);
    setRules({ action: IdleAction.WARN, afterSeconds: 1, warningSeconds: 0 });
    expect(await said(session.id)).toMatchObject({ action: IdleAction.WARN });
    await session.shows(/latchkey: this session has been idle for \d s\r/);
    setRules({ afterSeconds: 1, warningSeconds: 1 });
    expect(await said(session.id)).toMatchObject({ action: IdleAction.END, secondsLeft: 1 });
    expect(await session.ended()).toBe(143);
  });

  test('is busy again once it is given input, also when that is not shown', async () => {
    const session = await Typist.start(line, ['sh', '-c', 'stty -echo; exec cat >/dev/null']);
    setRules({ afterSeconds: 3, warningSeconds: 2 });
    expect(await said(session.id)).toMatchObject({ action: IdleAction.END, secondsLeft: 2 });
    await session.types('x\n');
    expect(await said(session.id)).toMatchObject({ action: IdleAction.UNSPECIFIED });
    expect(await said(session.id)).toMatchObject({ action: IdleAction.END, secondsLeft: 2 });
    await session.end(0);
  });

  test('without a terminal is ended with nothing added to its output', async () => {
    const { id } = await line.start(['sh', '-c', 'echo begun; exec sleep 600']);
    setRules({});
    await said(id);
    await said(id);
    expect((await line.read(id)).all).toBe('begun\n');
  });

  test('is only disconnected when somebody follows it, each time after the whole time', async () => {
    const alone = await line.start(['sleep', '600']);
    const followed = await Typist.start(line, ['sleep', '600']);
    setRules({ action: IdleAction.DISCONNECT });
    for (const secondsLeft of [1, 0, 1, 0])
      expect(await said(followed.id)).toMatchObject({ action: IdleAction.DISCONNECT, secondsLeft });
    expect(unread(alone.id)).toEqual([]);
    await followed.end(0);
    await line.ask({ $case: 'end', value: { sessionId: alone.id, graceMilliseconds: 0 } }, 'ended');
  });

  test('is not one that prints, computes, or runs outside of the hours of the rule', async () => {
    const printing = await line.start(['sh', '-c', 'while echo x; do sleep 0.2; done']);
    const computing = await line.start(['sh', '-c', 'sh -c "while :; do :; done" & wait']);
    const idle = await line.start(['sleep', '600']);
    const hour = new Date().getHours();
    const hours = { from: ((hour + 2) % 24) * 60, to: ((hour + 3) % 24) * 60 };
    setRules({ hours, afterSeconds: 1 }, { afterSeconds: 4 });
    for (const _ of ['warned', 'ended']) await said(idle.id);
    expect([...unread(printing.id), ...unread(computing.id)]).toEqual([]);
    for (const { id } of [printing, computing])
      await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 0 } }, 'ended');
  });

  test('is ended although its terminal cannot be opened (TIOCEXCL)', needs('world'), async () => {
    await using other = await FakeDaemon.open(alice);
    const { line: hers } = await other.link(['--print-token']);
    const exclusive = 'ioctl(STDIN, 0x540C, 0) or die; $| = 1; print "begun"; sleep 600';
    const session = await Typist.start(hers, ['perl', '-e', exclusive]);
    await session.shows(/begun/);
    hers.send({ $case: 'idleRules', value: { rules: [RULE] } });
    expect(await session.ended()).toBe(143);
  });

  test('is ended while no daemon is connected', async () => {
    const { id } = await line.start(['sleep', '600']);
    setRules({});
    await line.ask({ $case: 'ping', value: {} }, 'done');
    line.socket.destroy();
    line = await daemon.resume();
    await expect.poll(() => states(), { timeout: 20_000 }).toContainEqual({ id, status: 143 });
  });
});

async function states(): Promise<object[]> {
  const { sessions } = await line.ask({ $case: 'list', value: {} }, 'sessions');
  return sessions.map(({ sessionId: id, exited }) => ({ id, status: exited?.status }));
}
