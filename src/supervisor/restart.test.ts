import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import type { Body } from '../link-protocol/protocol.ts';
import type { OutputPiece } from './connection/output-reader.ts';

const PLAIN = { environment: {}, directory: '', input: false };
const ANYBODY = { login: '', seesAll: true };
/** Wait before the third connection to a link that disconnects. */
const FIRST_WAIT_MS = 20;
const GATES = ['gone', 'back'] as const;
const counted = Array.from({ length: 300 }, (_, i) => `line ${i + 1}\n`).join('');

/** A program that prints 100 lines, and after each of two gates has been opened 100 more. */
function counting({ folder }: World): string[] {
  const count = (to: number): string => `while [ $i -lt ${to} ]; do i=$((i + 1)); echo line $i; done`;
  const until = (gate: string): string => `until [ -e ${join(folder, gate)} ]; do sleep 0.02; done`;
  const [first, second] = GATES.map(until);
  return ['sh', '-c', `i=0; ${count(100)}; ${first}; ${count(200)}; ${second}; ${count(300)}`];
}

function open({ folder }: World, gate: (typeof GATES)[number]): void {
  writeFileSync(join(folder, gate), '');
}

/** Resolves once the program has printed up to `line`, as the file that its link keeps shows. */
async function hasPrinted(world: World, id: string, line: string): Promise<void> {
  const file = join(world.sessionFolder(id), 'output');
  await world.until(line, () => readFileSync(file, 'utf8').endsWith(`${line}\n`) || undefined);
}

describe('a restarted daemon', () => {
  test('finds its links and their sessions, which kept printing (X4)', async () => {
    await using world = await World.open();
    const daemon = await world.linkDaemon();
    const own = await world.link();
    const claims = await world.login();
    const long = await world.sessions.start({ claims, command: counting(world), ...PLAIN });
    const short = await world.sessions.start({
      claims,
      command: ['sh', '-c', `until [ -e ${join(world.folder, 'gone')} ]; do sleep 0.02; done; exit 5`],
      ...PLAIN,
    });
    const reading = world.sessions.readOutput({ claims, sessionId: long.id, offset: 0, follow: true });
    expect((await reading.next()).value).toMatchObject({ offset: 0 });
    await world.stop();
    await expect(readAll(reading)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    const status = join(world.sessionFolder(short.id), 'status.5');
    open(world, 'gone');
    await world.until('the short one to end meanwhile', () => existsSync(status) || undefined);
    await hasPrinted(world, long.id, 'line 200');
    await world.start();
    expect((await world.sockets()).toSorted()).toEqual([daemon.socket, own.socket].toSorted());
    expect(world.links.get(daemon.socket)).toMatchObject({
      state: 'ready',
      pid: daemon.pid,
      jti: daemon.jti,
    });
    expect(await world.session(short.id, ({ state }) => state === 'ended')).toMatchObject({ exitStatus: 5 });
    expect(await world.sessions.get(ANYBODY, long.id)).toMatchObject({
      state: 'running',
      socket: daemon.socket,
    });
    open(world, 'back');
    const again = world.sessions.readOutput({ claims, sessionId: long.id, offset: 0, follow: true });
    expect(await readAll(again)).toBe(counted);
    const fresh = await world.sessions.start({ claims, command: ['true'], ...PLAIN });
    expect(fresh.socket).toBe(daemon.socket);
  });

  test('revokes the token of a link whose account is no longer eligible, however late others answer', async () => {
    await using world = await World.open();
    await using slow = await FakeLink.listen(world.linksFolder);
    await world.links.register({ socket: slow.name, daemon: false }, me.uid);
    const own = await world.link();
    await world.stop();
    slow.isSilent = true; // Links.open waits for it, and nobody observes links until then
    world.eligible = { minUid: 4_000_000_000, users: [], self: false };
    await world.start();
    await world.until('the end of its token', () => !world.authority.isActive(own.jti) || undefined);
    await world.until('its end', () => own.child.exitCode !== null || undefined);
  });

  test('revokes the tokens of links that died meanwhile, and removes their sockets', async () => {
    await using world = await World.open();
    const own = await world.link();
    await world.stop();
    own.child.kill('SIGKILL');
    await world.until('its end', () => own.child.signalCode !== null || undefined);
    const junk = join(world.linksFolder, 'junk');
    await writeFile(junk, '');
    await world.start();
    expect(await world.sockets()).toEqual([]);
    expect(world.authority.isActive(own.jti)).toBe(false);
    expect(existsSync(join(world.linksFolder, own.socket))).toBe(false);
    await world.stop(); // waits for the cleanup
    expect(existsSync(junk)).toBe(true); // too young to be removed
    world.ahead = 120_000;
    await world.start();
    await world.until('the cleanup', () => !existsSync(junk) || undefined);
  });

  test('rejects a link that does not know the init key', async () => {
    await using world = await World.open();
    await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
    const { jti } = await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    await world.stop();
    fake.answers = { resume: () => ({ $case: 'ready', value: { mac: Buffer.alloc(32), jti } }) };
    await world.start();
    expect(await world.sockets()).toEqual([]);
    expect(world.authority.isActive(jti)).toBe(false);
  });

  test('sends nothing to another link that listens on the socket of one', async () => {
    await using world = await World.open();
    await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
    const { jti } = await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    await world.stop();
    const before = fake.bytesReceived;
    fake.jti = 'of another link';
    await world.start();
    expect(await world.sockets()).toEqual([]);
    expect(world.authority.isActive(jti)).toBe(false);
    expect(fake.bytesReceived - before).toBe(0);
  });

  test('ends a link whose token expired while the daemon was stopped', async () => {
    await using world = await World.open();
    const own = await world.link();
    await world.stop();
    world.ahead = 3_700_000;
    await world.start();
    await world.until('its end', () => own.child.exitCode !== null || undefined);
    expect(await world.sockets()).toEqual([]);
  });

  test('was asked to register a link while it stopped, and says that it can be tried again', async () => {
    await using world = await World.open();
    await using fake = await FakeLink.listen(world.linksFolder);
    const { links } = world;
    await world.stop();
    const registered = links.register({ socket: fake.name, daemon: false }, me.uid);
    await expect(registered).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    expect(fake.connections).toBe(0);
    await world.start();
    await world.links.register({ socket: fake.name, daemon: false }, me.uid);
  });

  test.each<[string, (old: FakeLink) => void]>([
    ['is connected', () => {}],
    [
      'is not connected',
      (old) => {
        old.isSilent = true;
        old.hangUp();
      },
    ],
  ])('starts nothing on a link daemon that was retiring, and %s when the server stops', async (_, leave) => {
    await using world = await World.open();
    const claims = await world.login();
    await using old = await FakeLink.listen(world.linksFolder, { daemon: true });
    await world.links.register({ socket: old.name, daemon: true }, me.uid);
    {
      await using next = await FakeLink.listen(world.linksFolder, { daemon: true });
      await world.links.register({ socket: next.name, daemon: true }, me.uid);
      leave(old);
      const wanted = old.isSilent ? 'lost' : 'retiring';
      await world.until(wanted, () => world.links.get(old.name).state === wanted || undefined);
      await world.stop();
    }
    old.isSilent = false;
    old.hangUp();
    old.received.length = 0;
    await world.start();
    await world.until('the old one', () => world.links.forSocket(old.name));
    expect(world.links.get(old.name).state).toBe('retiring');
    expect(() => world.links.forClaims(claims, me.uid)).toThrow(
      expect.objectContaining({ reason: 'LINK_REQUIRED' }),
    );
    const isTold = () => old.received.some(({ body }) => body?.$case === 'stop' && body.value.retire);
    await world.until('it to be told again', () => isTold() || undefined);
  });

  test('reconnects to a link whose connection broke', async () => {
    await using world = await World.open();
    await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
    const { jti } = await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    const before = world.links.forSocket(fake.name);
    fake.hangUp();
    await world.until('it again', () => {
      const now = world.links.forSocket(fake.name);
      return now !== undefined && now !== before ? now : undefined;
    });
    expect(world.authority.isActive(jti)).toBe(true);
    expect(world.links.forClaims(await world.login(), me.uid).info.socket).toBe(fake.name);
  });
});

describe('a link that disconnects repeatedly', () => {
  test('is reconnected to at intervals that double each time', async () => {
    await using world = await World.open();
    await using fake = await FakeLink.listen(world.linksFolder);
    await world.links.register({ socket: fake.name, daemon: false }, me.uid);
    const list = (): Body => {
      setImmediate(() => fake.hangUp()); // behind the answer
      return { $case: 'sessions', value: { sessions: [] } };
    };
    fake.answers = { list };
    fake.hangUp();
    await world.until('some connections', () => fake.connections > 6 || undefined);
    const [, ...again] = fake.connectedMs; // the first after it was lost comes at once
    const waits = again.slice(1).map((ms, at) => ms - (again[at] ?? 0));
    // A timer may fire a millisecond early.
    const early = waits.filter((ms, at) => ms < FIRST_WAIT_MS * 2 ** at - 1);
    expect(early, `it waited ${waits.join(', ')} ms`).toEqual([]);
  });
});

describe('a link that is killed', () => {
  test('loses its token; its session continues under the next link without losing a byte', async () => {
    await using world = await World.open();
    const first = await world.linkDaemon();
    const claims = await world.login();
    const session = await world.sessions.start({ claims, command: counting(world), ...PLAIN });
    const output = world.sessions.readOutput({ claims, sessionId: session.id, offset: 0, follow: true });
    const { value } = (await output.next()) as { value: OutputPiece };
    process.kill(first.pid, 'SIGKILL');
    await world.until('the loss', async () => (await world.sockets()).length === 0 || undefined);
    expect(world.authority.isActive(first.jti)).toBe(false);
    expect(await world.session(session.id, ({ socket }) => socket === undefined)).toMatchObject({
      state: 'running',
    });
    await expect(world.sessions.start({ claims, command: ['true'], ...PLAIN })).rejects.toMatchObject({
      reason: 'LINK_REQUIRED',
    });
    open(world, 'gone'); // its keeper alone has what it prints now
    const second = await world.linkDaemon();
    await world.session(session.id, ({ socket }) => socket === second.socket);
    open(world, 'back');
    expect(value.data.toString() + (await readAll(output))).toBe(counted);
    expect(await world.session(session.id, ({ state }) => state === 'ended')).toMatchObject({
      exitStatus: 0,
    });
  });

  test('leaves its sessions to another link of its user at once', async () => {
    await using world = await World.open();
    const own = await world.link();
    const claims = await world.authority.get(own.jti);
    if (!claims) throw new Error('no token');
    const session = await world.sessions.start({ claims, command: ['sh', '-c', 'sleep 30'], ...PLAIN });
    const daemon = await world.linkDaemon();
    own.child.kill('SIGKILL');
    await world.session(session.id, ({ socket }) => socket === daemon.socket);
    expect(world.links.get(daemon.socket).sessions).toBe(1);
    await world.end(session.id);
  });
});

async function readAll(output: AsyncGenerator<OutputPiece, unknown>): Promise<string> {
  let text = '';
  for await (const { data } of output) text += data.toString();
  return text;
}
