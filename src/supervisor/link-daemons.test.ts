import { describe, expect, test } from 'vitest';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import { canonicalUser } from '../accounts/user-database.ts';
import { AppError } from '../errors.ts';
import { VERSION } from '../version.ts';

const isToldToRetire = (fake: FakeLink) =>
  fake.received.some(({ body }) => body?.$case === 'stop' && body.value.retire);

describe('link daemons', () => {
  test('when a new one is ready, the others of its user retire and it alone accepts starts (F9, F11)', async () => {
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

  test('exactly one of several that register at once accepts starts', async () => {
    await using world = await World.open();
    const claims = await world.login();
    const fakes = await Promise.all(
      Array.from({ length: 6 }, () => FakeLink.listen(world.linksFolder, { daemon: true })),
    );
    await Promise.all(fakes.map(({ name }) => world.links.register({ socket: name, daemon: true }, me.uid)));
    const accepting = world.links.forClaims(claims, me.uid).info.socket;
    await world.until('the others to be told', () => fakes.filter(isToldToRetire).length === 5 || undefined);
    expect(fakes.filter((fake) => !isToldToRetire(fake)).map(({ name }) => name)).toEqual([accepting]);
    const ready = (await world.links.list({ pageSize: 0 })).items.filter(({ state }) => state === 'ready');
    expect(ready.map(({ socket }) => socket)).toEqual([accepting]);
    for (const fake of fakes) await fake[Symbol.asyncDispose]();
  });

  test('an outdated one is replaced once it runs no session', async () => {
    const runningThen: (number | undefined)[] = [];
    const start = async (): Promise<void> => {
      runningThen.push(world.links.find(old.name)?.sessions);
      await world.linkDaemon();
    };
    await using world = await World.open({ starter: { start } });
    const claims = await world.login();
    await using old = await FakeLink.listen(world.linksFolder, { daemon: true });
    const plain = { command: ['true'], environment: {}, directory: '', input: false };
    await world.links.register({ socket: old.name, daemon: true }, me.uid);
    const { id: sessionId } = await world.sessions.start({ claims, ...plain });
    old.say({ $case: 'exited', value: { sessionId, status: 0 } });
    await world.until('its replacement', () => isToldToRetire(old) || undefined);
    expect(runningThen).toEqual([0]);
    expect(world.links.forClaims(claims, me.uid).info).toMatchObject({ version: VERSION, state: 'ready' });
  });

  test('an outdated one stays in use when no other can be started', async () => {
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
    expect([starts, isToldToRetire(old)]).toEqual([1, false]);
    expect(world.links.forClaims(claims, me.uid).info.socket).toBe(old.name);
  });

  test('one of which is not known what it was started with is replaced by the next start, if it can be', async () => {
    let isPossible = false;
    const start = async (): Promise<void> => {
      if (!isPossible) throw new AppError('UNAVAILABLE', 'sudo: a password is required');
      await world.linkDaemon();
    };
    await using world = await World.open({ starter: { start } });
    await using old = await FakeLink.listen(world.linksFolder, {
      daemon: true,
      hello: { programVersion: VERSION },
    });
    await world.links.register({ socket: old.name, daemon: true }, me.uid);
    world.eligible = { minUid: 0, users: [me.username], self: false };
    await world.store.commit(async (tx) => {
      await tx.updateTable('links').set({ login_settings: null }).execute();
    });
    await world.stop();
    await world.start();
    const claims = await world.login();
    const plain = { command: ['true'], environment: {}, directory: '', input: false };
    expect((await world.sessions.start({ claims, ...plain })).socket).toBe(old.name);
    isPossible = true;
    await world.stop(); // which forgets that it has failed
    await world.start();
    expect((await world.links.start(claims)).info.socket).not.toBe(old.name);
    expect(isToldToRetire(old)).toBe(true);
  });

  test('has its resource usage measured by its process', async () => {
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

  test('accepts no start with a token that was issued when its user had another uid', async () => {
    await using world = await World.open();
    const { socket } = await world.linkDaemon();
    const plain = { command: ['true'], environment: {}, directory: '', input: false };
    const request = { login: me.username, linuxUser: me.username, authMethod: 'key' as const };
    for (const uid of [{ uid: me.uid + 1 }, {}]) {
      const { claims } = await world.authority.mint({ ...request, ...uid });
      const started = world.sessions.start({ claims, ...plain });
      await expect(started).rejects.toMatchObject({ reason: 'LINK_REQUIRED' });
    }
    expect(world.links.acceptingDaemon({ name: me.username, uid: me.uid })?.info.socket).toBe(socket);
    expect(world.links.acceptingDaemon({ name: me.username, uid: me.uid + 1 })).toBeUndefined();
    expect(world.links.forUid(me.uid)?.info.socket).toBe(socket);
    expect(world.links.forUid(me.uid + 1)).toBeUndefined();
  });

  test('is started for a login unless one responds that has what logins get', async () => {
    await using listening = new AsyncDisposableStack();
    await using world = await World.open();
    const user = await canonicalUser(me.username);
    if (user === undefined) throw new Error('no account');
    world.eligible = { minUid: 0, users: [me.username], self: false };
    const fakes: FakeLink[] = [];
    const register = async (): Promise<void> => {
      const fake = listening.use(await FakeLink.listen(world.linksFolder, { daemon: true }));
      fakes.push(fake);
      await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    };
    const look = async () => [await world.links.hasFreshDaemon(user), fakes.length];
    expect(await look()).toEqual([false, 0]);
    expect(await world.links.ensureDaemon(user, register)).toBe(true);
    expect(await look()).toEqual([true, 1]);
    expect(await world.links.ensureDaemon(user, register)).toBe(false);
    {
      using _ = world.links.expectDaemon(me.uid, { account: {}, files: {} }); // other settings than now
      await register();
    }
    expect(await look()).toEqual([false, 2]);
    expect(await world.links.ensureDaemon(user, register)).toBe(true);
    expect(await look()).toEqual([true, 3]);
    for (const fake of fakes) {
      fake.isSilent = true;
      fake.hangUp();
    }
    await world.until('the loss', async () => !(await world.links.hasFreshDaemon(user)) || undefined);
    expect(await world.links.ensureDaemon(user, register)).toBe(true);
    expect(await look()).toEqual([true, 4]);
  });

  test('renews its token in the last quarter of its lifetime while its user is logged in, and otherwise ends', async () => {
    await using world = await World.open({ lifetimes: { 'link-daemon': 8 } });
    const claims = await world.login();
    const { jti, socket } = await world.linkDaemon();
    const before = await world.authority.get(jti);
    const renewed = await world.until('the renewal', async () => {
      const now = await world.authority.get(jti);
      return now && now.exp > (before?.exp ?? 0) ? now : undefined;
    });
    expect(renewed.exp - 8).toBeGreaterThanOrEqual((before?.iat ?? 0) + 6);
    expect(world.links.get(socket).state).toBe('ready');
    await world.revocation.revoke({ jtis: [claims.jti] }, 'logout');
    await world.until('its end', async () => (await world.sockets()).length === 0 || undefined);
    expect(world.authority.isActive(jti)).toBe(false);
  });
});
