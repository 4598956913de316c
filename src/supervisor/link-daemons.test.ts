import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import { AppError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { LOOK_MS } from './lifecycle/outdated-daemons.ts';

const told = (fake: FakeLink) =>
  fake.received.some(({ body }) => body?.$case === 'stop' && body.value.retire);

describe('link daemons', () => {
  test('when a new one is ready the others of that user retire, and starts go to it alone (F9, F11)', async () => {
    await using world = await World.open();
    const claims = await world.login();
    const plain = { command: ['sleep', '30'], environment: {}, directory: '', input: false };
    await expect(world.sessions.start({ claims, ...plain })).rejects.toMatchObject({
      reason: 'LINK_REQUIRED',
      message: expect.stringContaining('latchkey link --daemon') as string,
    });
    const first = await world.linkDaemon();
    const held = await world.sessions.start({ claims, ...plain });
    expect(held.socket).toBe(first.socket);
    const second = await world.linkDaemon();
    expect(world.links.get(first.socket).state).toBe('retiring');
    expect(world.links.get(second.socket).state).toBe('ready');
    const next = await world.sessions.start({ claims, ...plain });
    expect(next.socket).toBe(second.socket);
    expect(world.authority.isActive(first.jti)).toBe(true);
    await world.end(held.id);
    await world.until(
      'the first to leave',
      async () => !(await world.sockets()).includes(first.socket) || undefined,
    );
    expect(world.authority.isActive(first.jti)).toBe(false);
    expect((await world.session(next.id, () => true)).state).toBe('running');
  });

  test('of those that race exactly one takes starts', async () => {
    await using world = await World.open();
    const claims = await world.login();
    const fakes = await Promise.all(
      Array.from({ length: 6 }, () => FakeLink.listen(world.linksFolder, { daemon: true })),
    );
    await Promise.all(fakes.map(({ name }) => world.links.register({ socket: name, daemon: true }, me.uid)));
    const accepting = world.links.forClaims(claims, me.uid).info.socket;
    await world.until('the others to be told', () => fakes.filter(told).length === 5 || undefined);
    expect(fakes.filter((fake) => !told(fake)).map(({ name }) => name)).toEqual([accepting]);
    const ready = (await world.links.list({ pageSize: 0 })).items.filter(({ state }) => state === 'ready');
    expect(ready.map(({ socket }) => socket)).toEqual([accepting]);
    for (const fake of fakes) await fake[Symbol.asyncDispose]();
  });

  test("one of another version is replaced by one of the server's when nothing runs there", async () => {
    let starts = 0;
    const start = async (): Promise<void> => {
      starts += 1;
      await world.linkDaemon();
    };
    await using world = await World.open({ starter: { start } });
    const claims = await world.login();
    await using old = await FakeLink.listen(world.linksFolder, { daemon: true });
    const plain = { command: ['true'], environment: {}, directory: '', input: false };
    await world.links.register({ socket: old.name, daemon: true }, me.uid);
    const { id: sessionId } = await world.sessions.start({ claims, ...plain });
    await delay(2 * LOOK_MS); // long enough for it to be looked at
    expect(starts).toBe(0);
    old.say({ $case: 'exited', value: { sessionId, status: 0 } });
    await world.until('its replacement', () => told(old) || undefined);
    expect(world.links.forClaims(claims, me.uid).info).toMatchObject({ version: VERSION, state: 'ready' });
  });

  test('but once, where what is installed is of another version than the server, too', async () => {
    const fakes: FakeLink[] = [];
    const start = async (): Promise<void> => {
      const fake = await FakeLink.listen(world.linksFolder, { daemon: true });
      fakes.push(fake);
      await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    };
    await using world = await World.open({ starter: { start } });
    await world.login();
    await start();
    await world.until('its replacement', () => (fakes[0] && told(fakes[0])) || undefined);
    await delay(2 * LOOK_MS); // long enough for the other to be looked at
    expect(fakes.map(told)).toEqual([true, false]);
    for (const fake of fakes) await fake[Symbol.asyncDispose]();
  });

  test('and goes on where no other can be started', async () => {
    let starts = 0;
    const refuse = async (): Promise<void> => {
      starts += 1;
      throw new AppError('UNAVAILABLE', 'sudo: a password is required');
    };
    await using world = await World.open({ starter: { start: refuse } });
    const claims = await world.login();
    await using old = await FakeLink.listen(world.linksFolder, { daemon: true });
    await world.links.register({ socket: old.name, daemon: true }, me.uid);
    const failed = (): true | undefined => world.logged.some(({ level }) => level === 'warn') || undefined;
    await world.until('the attempt', failed);
    expect([starts, told(old)]).toEqual([1, false]);
    expect(world.links.forClaims(claims, me.uid).info.socket).toBe(old.name);
  });

  test('tells the server what it uses, by its process', async () => {
    await using world = await World.open();
    const { socket, pid } = await world.linkDaemon();
    const use = await world.links.usage();
    expect(use).toMatchObject({ links: 1, measured: 1, top: [{ socket, pid, withSessions: false }] });
    expect(use.memoryBytes).toBeGreaterThan(10_000_000);
  });

  test('a token with a link of its own uses that one and no other (F11)', async () => {
    await using world = await World.open();
    const daemon = await world.linkDaemon();
    const own = await world.link();
    const claims = await world.authority.get(own.jti);
    if (!claims) throw new Error('no token');
    expect(world.links.forClaims(claims, me.uid).info.socket).toBe(own.socket);
    own.child.kill('SIGTERM');
    await world.until('its end', async () => !(await world.sockets()).includes(own.socket) || undefined);
    expect(() => world.links.forClaims(claims, me.uid)).toThrow(
      expect.objectContaining({ reason: 'LINK_LOST' }),
    );
    await world.until("its token's end", () => !world.authority.isActive(own.jti) || undefined);
    expect(world.links.get(daemon.socket).state).toBe('ready');
  });

  test('takes no start of a token that was made when its user had another uid', async () => {
    await using world = await World.open();
    await world.linkDaemon();
    const plain = { command: ['true'], environment: {}, directory: '', input: false };
    const request = { login: me.username, linuxUser: me.username, authMethod: 'key' };
    for (const uid of [{ uid: me.uid + 1 }, {}]) {
      const { claims } = await world.authority.mint({ ...request, ...uid });
      const started = world.sessions.start({ claims, ...plain });
      await expect(started).rejects.toMatchObject({ reason: 'LINK_REQUIRED' });
    }
    expect(world.links.takesStarts({ name: me.username, uid: me.uid })).toBe(true);
    expect(world.links.takesStarts({ name: me.username, uid: me.uid + 1 })).toBe(false);
  });

  test('its token is renewed in the last quarter of its life while its user is logged in, and else it ends', async () => {
    await using world = await World.open({ lifetimes: { 'link-daemon': 4 } });
    const claims = await world.login();
    const { jti, socket } = await world.linkDaemon();
    const before = await world.authority.get(jti);
    const renewed = await world.until('the renewal', async () => {
      const now = await world.authority.get(jti);
      return now && now.exp > (before?.exp ?? 0) ? now : undefined;
    });
    expect(renewed.exp - 4).toBeGreaterThanOrEqual((before?.iat ?? 0) + 3);
    expect(world.links.get(socket).state).toBe('ready');
    await world.revocation.revoke({ jtis: [claims.jti] }, 'logout');
    await world.until('its end', async () => (await world.sockets()).length === 0 || undefined);
    expect(world.authority.isActive(jti)).toBe(false);
  });
});
