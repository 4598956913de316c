/** Programs run in a terminal, which clients of the API share, and which outlives link and server (X9). */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/client/connect/connect.ts';
import { SessionState } from '../../../src/generated/latchkey/v1/session.ts';
import { type Run, user } from '../../support/account.ts';
import { Attached } from '../../support/clients/attached.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;
let link: Run;
let client: Client;
let attached: Attached[] = [];

async function logIn(): Promise<void> {
  link = await daemon.link(user, '--print-token');
  const token = link.stdout.trim();
  client = await connect({ run: daemon.runFolder, env: {}, token });
}

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await logIn();
});
afterEach(async () => {
  for (const each of attached) await each.leave();
  attached = [];
});
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});

const TERMINAL = { columns: 80, rows: 24 };

async function start(words: readonly string[], more: object = {}): Promise<string> {
  const command = words.map((word) => Buffer.from(word));
  const environment = { TERM: Buffer.from('xterm-256color') };
  const request = { command, environment, terminal: TERMINAL, ...more };
  const { session } = await client.sessions.startSession(request);
  expect(session?.terminal).toEqual(TERMINAL);
  return session?.id ?? '';
}

function attach(sessionId: string, more: { offset?: number; watch?: boolean } = {}): Attached {
  const one = new Attached(client.sessions, { sessionId, offset: 0, watch: false, ...more });
  attached.push(one);
  return one;
}

async function sessionOf(id: string) {
  return (await client.sessions.getSession({ sessionId: id })).session;
}

describe('a session with a terminal', () => {
  test('runs a shell that takes input, and its size is in the record', async () => {
    const id = await start([]);
    const terminal = attach(id);
    await terminal.is({ columns: 80, rows: 24, writes: true });
    expect(terminal.events.map(({ $case }) => $case)).toEqual(['resized', 'writer']);
    terminal.resize(132, 50);
    terminal.types('stty size; echo "<$0> $TERM"; tput cols\n');
    await terminal.shows(/50 132\r\n<-\w*sh> xterm-256color\r\n132\r\n/);
    await terminal.is({ columns: 132, rows: 50 });
    await expect.poll(async () => (await sessionOf(id))?.terminal).toEqual({ columns: 132, rows: 50 });
    expect(await sessionOf(id)).toMatchObject({ command: [], state: SessionState.RUNNING, attached: 1 });
    terminal.types('exit 7\n');
    expect(await terminal.finished).toBeUndefined();
    expect(terminal.events.at(-1)).toMatchObject({ $case: 'exited', value: { exitStatus: 7 } });
    await expect.poll(async () => (await sessionOf(id))?.exitStatus).toBe(7);
    expect(await sessionOf(id)).toMatchObject({ terminal: { columns: 132, rows: 50 } });
  });

  test('is written to by the client that attached last; the others watch', async () => {
    const id = await start(['bash', '--norc']);
    const first = attach(id);
    first.resize(90, 30);
    await first.is({ columns: 90, rows: 30, writes: true });
    const watcher = attach(id, { watch: true });
    await watcher.is({ columns: 90, rows: 30, writes: false });
    const second = attach(id);
    second.resize(100, 40);
    for (const each of [first, watcher]) await each.is({ columns: 100, rows: 40, writes: false });
    await second.is({ columns: 100, rows: 40, writes: true });
    first.types('echo drop"ped"\n');
    first.resize(70, 20);
    second.types('echo taken=$((6*7)); stty size\n');
    for (const each of [first, second, watcher]) await each.shows(/taken=42\r\n40 100\r\n/);
    expect(second.shown).not.toContain('dropped');
    await second.leave();
    await first.is({ columns: 70, rows: 20, writes: true });
    await watcher.is({ columns: 70, rows: 20, writes: false });
    first.types('echo again; stty size\n');
    await watcher.shows(/again\r\n20 70\r\n/);
    watcher.types('x');
    expect(await watcher.finished).toMatchObject({
      reason: 'INVALID_ARGUMENT',
      violation: { field: 'input' },
    });
    first.types('exit\n');
    await first.finished;
  });

  test('refuses a size that no terminal has, and none can be set without a terminal', async () => {
    const id = await start(['sleep', '60']);
    const terminal = attach(id);
    terminal.resize(65_536, 24);
    const wrongSize = { reason: 'INVALID_ARGUMENT', violation: { field: 'resize' } };
    expect(await terminal.finished).toMatchObject(wrongSize);
    const { session } = await client.sessions.startSession({ command: [Buffer.from('cat')], input: true });
    expect(session?.terminal).toBeUndefined();
    const without = attach(session?.id ?? '');
    without.resize(80, 24);
    expect(await without.finished).toMatchObject(wrongSize);
    const both = { selection: { $case: 'sessions' as const, value: { ids: [id, session?.id ?? ''] } } };
    const { receipt } = await client.sessions.endSession(both);
    expect(receipt).toMatchObject({ processes: 2, survivors: [] });
    expect(receipt?.sessions).toHaveLength(2);
  });

  test('passes every byte on, and a long paste to a slow program', async () => {
    const bytes = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => (at * 7 + (at >> 8)) % 256));
    const id = await start([
      'sh',
      '-c',
      `stty raw -echo; echo up; sleep 0.5; head -c ${bytes.length} | tee /dev/stderr | sha256sum >&2`,
    ]);
    const terminal = attach(id);
    await terminal.shows(/up\n/);
    for (let at = 0; at < bytes.length; at += 65_536) terminal.types(bytes.subarray(at, at + 65_536));
    expect(await terminal.finished).toBeUndefined();
    const sum = createHash('sha256').update(bytes).digest('hex');
    expect(terminal.shown.slice(3)).toBe(`${bytes.toString('latin1')}${sum}  -\n`);
  });

  test('answers ^C while it is flooded, even when its client reads slowly', async () => {
    const id = await start(['sh', '-c', 'echo up; yes; echo "was $?"'], { attach: true });
    const terminal = attach(id);
    await terminal.shows(/up\r\n(y\r\n){1000}/);
    terminal.pause();
    terminal.types('\x03');
    terminal.resume();
    expect(await terminal.finished).toBeUndefined();
    const { offset } = terminal;
    expect(offset).toBeLessThan(64 * 1024 * 1024);
    expect(terminal.events.at(-1)).toMatchObject({ value: { exitStatus: 130 } });
  });

  test('waits for the client that writes, and for nobody else', async () => {
    const id = await start(['sh', '-c', 'read go; seq 1 2000000; echo end; sleep 60']);
    const writer = attach(id);
    const watcher = attach(id, { watch: true });
    await watcher.is({ writes: false });
    await writer.is({ writes: true });
    writer.pause();
    writer.types('go\n');
    await watcher.shows(/\r\n1000\r\n/);
    let before = -1;
    await expect
      .poll(
        () => {
          const isSame = watcher.offset === before;
          before = watcher.offset;
          return isSame;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe(true);
    expect(watcher.offset).toBeLessThan(8 * 1024 * 1024);
    await writer.leave();
    await watcher.shows(/\r\n2000000\r\nend\r\n/);
    await client.sessions.endSession({ selection: { $case: 'sessions', value: { ids: [id] } } });
  });
});

describe('a terminal outlives', () => {
  test('its server, killed: input, output and size work again (X9)', async () => {
    const id = await start(['bash', '--norc']);
    const before = attach(id);
    before.resize(91, 31);
    before.types('echo be"fore"; stty size\n');
    await before.shows(/before\r\n31 91\r\n/);
    await daemon.end('SIGKILL');
    expect(await before.finished).toBeDefined();
    await daemon.serve();
    const after = await attachAgain(id, before.offset);
    await after.is({ columns: 91, rows: 31, writes: true });
    after.resize(92, 32);
    after.types('echo af"ter"; stty size; exit 5\n');
    await after.shows(/after\r\n32 92\r\n/);
    expect(await after.finished).toBeUndefined();
    expect(after.events.at(-1)).toMatchObject({ value: { exitStatus: 5 } });
  });

  test('its link, killed: the attached client goes on with the next one (X9)', async () => {
    const id = await start(['bash', '--norc']);
    const before = attach(id);
    before.types('echo be"fore"\n');
    await before.shows(/before\r\n/);
    const [{ pid } = { pid: 0 }] = (await client.links.listLinks({})).links;
    process.kill(pid, 'SIGKILL');
    await client[Symbol.asyncDispose]();
    await logIn();
    const after = await attachAgain(id, before.offset);
    after.resize(93, 33);
    after.types('echo af"ter"; stty size; exit 6\n');
    await after.shows(/after\r\n33 93\r\n/);
    expect(await after.finished).toBeUndefined();
    expect(after.events.at(-1)).toMatchObject({ value: { exitStatus: 6 } });
  });

  /** Attaches as soon as that is possible. */
  async function attachAgain(id: string, offset: number): Promise<Attached> {
    for (;;) {
      const one = attach(id, { offset });
      const hasBegun = expect.poll(() => one.events.length, { timeout: 1000 }).toBeGreaterThan(0);
      const outcome = await Promise.race([
        one.finished,
        hasBegun.then(
          () => 'begun',
          () => 'late',
        ),
      ]);
      if (outcome === 'begun') return one;
      await one.leave();
    }
  }
});

describe('a terminal ends with the token that started it', () => {
  test('when that has a link of its own, while its other sessions stay', async () => {
    const terminal = await start(['sleep', '60']);
    const { session } = await client.sessions.startSession({
      command: [Buffer.from('sleep'), Buffer.from('61')],
    });
    const kept = session?.id ?? '';
    const { receipt } = await client.auth.logout({});
    expect(receipt).toMatchObject({ sessions: [terminal], keptSessions: [kept], survivors: [] });
    await link.finished;
    await client[Symbol.asyncDispose]();
    await logIn();
    await expect.poll(async () => (await sessionOf(terminal))?.state).toBe(SessionState.ENDED);
    expect((await sessionOf(kept))?.state).toBe(SessionState.RUNNING);
    await client.sessions.endSession({ selection: { $case: 'sessions', value: { ids: [kept] } } });
  });
});
