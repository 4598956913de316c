import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import { FakeLink } from '../../../test/support/link/fake-link.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { deleteSessions, insertSession } from '../../store/tables/sessions.ts';

const HEX = '0123456789abcdef0123456789abcdef';
const OTHER_UID = 54_321;

describe('registering a link (F22)', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const register = (socket: string, { daemon = false, sessionId = '', uid = me.uid } = {}) =>
    world.links.register({ socket, daemon, sessionId }, uid);
  const noTokens = async () => (await world.authority.list({ authMethod: 'link', pageSize: 0 })).total === 0;

  test.for([
    `../${me.uid}.${HEX}.sock`,
    `x/${me.uid}.${HEX}.sock`,
    `/tmp/${me.uid}.${HEX}.sock`,
    `${me.uid}.${HEX}.sock/`,
    `${me.uid}.${HEX}.sock\n`,
    `${me.uid}.${HEX.toUpperCase()}.sock`,
    `0${me.uid}.${HEX}.sock`,
    `${me.uid}.${HEX}`,
    '..',
    '',
  ])('refuses the name %j', async (name) => {
    await expect(register(name)).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
  });

  test('refuses the name of another uid', async () => {
    const refused = register(`${me.uid + 1}.${HEX}.sock`);
    await expect(refused).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
  });

  test('refuses a missing file, a file that is not a socket, a symbolic link and a folder', async () => {
    await expect(register(`${me.uid}.${HEX}.sock`)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
    const file = `${me.uid}.${HEX.replace('0', '1')}.sock`;
    writeFileSync(join(world.linksFolder, file), '');
    await expect(register(file)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
    await using elsewhere = await FakeLink.listen(world.folder);
    const link = `${me.uid}.${HEX.replace('0', '2')}.sock`;
    symlinkSync(elsewhere.path, join(world.linksFolder, link));
    await expect(register(link)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
    const folder = `${me.uid}.${HEX.replace('0', '3')}.sock`;
    mkdirSync(join(world.linksFolder, folder));
    await expect(register(folder)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
    expect(elsewhere.connections).toBe(0);
  });

  test('refuses a socket without a listener', async () => {
    const name = `${me.uid}.${HEX.replace('0', '4')}.sock`;
    const server = createServer().listen(join(world.linksFolder, 'moving'));
    await once(server, 'listening');
    renameSync(join(world.linksFolder, 'moving'), join(world.linksFolder, name));
    server.close();
    await once(server, 'close');
    await expect(register(name)).rejects.toMatchObject({ reason: 'LINK_LOST' });
  });

  test("refuses an impostor's socket without connecting to it", async () => {
    await using fake = await FakeLink.listen(world.linksFolder, { uid: OTHER_UID });
    await expect(register(fake.name, { uid: OTHER_UID })).rejects.toThrow(/does not belong to uid 54321/);
    expect(fake.connections).toBe(0);
  });

  test('refuses a listener of another uid behind a socket file of the right uid, and sends it nothing', async (ctx) => {
    if (me.uid !== 0) ctx.skip('needs root, to give a socket file to another uid');
    await using fake = await FakeLink.listen(world.linksFolder, { uid: OTHER_UID });
    chownSync(fake.path, OTHER_UID, OTHER_UID);
    await expect(register(fake.name, { uid: OTHER_UID })).rejects.toThrow(/its listener is not uid 54321/);
    expect(fake.bytesReceived).toBe(0);
  });

  test.each([
    ['sshd', '5'],
    ['sshd-session', '6'], // since OpenSSH 9.8
    ['sshd-auth', '7'], // since OpenSSH 10.0
  ])('refuses %s as the listener, which forwards to another host', async (title, digit) => {
    const name = `${me.uid}.${HEX.replace('0', digit)}.sock`;
    const path = join(world.linksFolder, name);
    const script = `process.title = '${title}'; require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log())`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    try {
      await expect(register(name)).rejects.toThrow(/its listener is sshd/);
    } finally {
      child.kill();
    }
  });

  test('refuses an account that may have no link, and sends it nothing', async () => {
    const { eligible } = world;
    world.eligible = { minUid: 4_000_000_000, users: [], self: false };
    try {
      await using fake = await FakeLink.listen(world.linksFolder);
      await expect(register(fake.name)).rejects.toMatchObject({ reason: 'NOT_ELIGIBLE' });
      expect(fake.bytesReceived).toBe(0);
    } finally {
      world.eligible = eligible;
    }
  });

  test('refuses a link of another kind or version, and one that is already initialised', async () => {
    const cases = [
      { daemon: true },
      { hello: { version: 2 } },
      { hello: { nonce: Buffer.alloc(31) } },
      { hello: { jti: 'an-earlier-one' } },
    ];
    for (const options of cases) {
      await using fake = await FakeLink.listen(world.linksFolder, options);
      await expect(register(fake.name)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
      expect(fake.bytesReceived).toBe(0);
    }
  });

  test('revokes the token of a link that does not become ready', async () => {
    const jtiOf = { $case: 'ready', value: { mac: Buffer.alloc(0), jti: 'another' } } as const;
    const refusal = {
      $case: 'error',
      value: { reason: 'TOKEN_INVALID', message: 'proof: nonce', details: {}, field: '' },
    } as const;
    for (const answer of [jtiOf, refusal]) {
      await using fake = await FakeLink.listen(world.linksFolder, { answers: { init: () => answer } });
      await expect(register(fake.name)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
      expect(await noTokens()).toBe(true);
      expect(await world.sockets()).toEqual([]);
    }
    await using silent = await FakeLink.listen(world.linksFolder, { answers: { init: () => undefined } });
    const registered = register(silent.name);
    await world.until('Init', () => silent.received.length > 0 || undefined);
    silent.hangUp();
    await expect(registered).rejects.toMatchObject({ reason: 'LINK_LOST' });
    expect(await noTokens()).toBe(true);
  });

  test('accepts a link once, and its socket name never again', async () => {
    await using fake = await FakeLink.listen(world.linksFolder);
    const { jti } = await register(fake.name);
    expect(fake.jti).toBe(jti);
    expect(world.links.get(fake.name)).toMatchObject({
      jti,
      linuxUser: me.username,
      uid: me.uid,
      state: 'ready',
      daemon: false,
    });
    expect(await world.authority.get(jti)).toMatchObject({
      sub: me.username,
      user: me.username,
      authMethod: 'link',
      socket: fake.name,
    });
    await expect(register(fake.name)).rejects.toThrow(/registered before/);
    expect(world.authority.isActive(jti)).toBe(true);
    await world.stopLink(fake.name);
    expect(world.authority.isActive(jti)).toBe(false);
    await expect(register(fake.name)).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
  });

  test("a link started within a session is a child of that session's token, and is refused once it has ended", async () => {
    await using daemon = await FakeLink.listen(world.linksFolder, { daemon: true });
    await register(daemon.name, { daemon: true });
    const claims = await world.login();
    const plain = { command: ['true'], environment: {}, directory: '', input: false };
    const session = await world.sessions.start({ claims, ...plain });
    await using child = await FakeLink.listen(world.linksFolder);
    const { jti } = await register(child.name, { sessionId: session.id });
    expect(await world.authority.get(jti)).toMatchObject({ parent: claims.jti });
    const receipt = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(receipt.jtis.toSorted()).toEqual([jti, claims.jti].toSorted());
    expect(receipt.links).toEqual([child.name]);
    await using late = await FakeLink.listen(world.linksFolder);
    const registered = register(late.name, { sessionId: session.id });
    await expect(registered).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await world.end(session.id);
  });

  test('a link is refused that was started within a session which belongs to another login now (V3)', async () => {
    const row = sessionRow('s-given', { uid: me.uid, login: 'other', started_by: me.username });
    await world.store.commit((tx) => insertSession(tx, row));
    await using fake = await FakeLink.listen(world.linksFolder);
    const registered = register(fake.name, { sessionId: row.id });
    await expect(registered).rejects.toMatchObject({
      reason: 'LINK_REFUSED',
      message: /given to another login/,
    });
    await world.store.commit((tx) => deleteSessions(tx, [row.id]));
  });

  test("another user's session, named by a link, is not where it was started", async () => {
    const theirs = await world.authority.mint({ login: 'somebody', authMethod: 'key' });
    const row = sessionRow('s-theirs', { uid: me.uid + 1, jti: theirs.claims.jti });
    await world.store.commit((tx) => insertSession(tx, row));
    await using fake = await FakeLink.listen(world.linksFolder);
    const { jti } = await register(fake.name, { sessionId: row.id });
    expect((await world.authority.get(jti))?.parent).toBeUndefined();
    await world.revocation.revoke({ jtis: [theirs.claims.jti] }, 'revoked');
    expect(world.authority.isActive(jti)).toBe(true);
    await world.store.commit((tx) => deleteSessions(tx, [row.id]));
  });

  test('a token that is revoked while its link becomes ready has no link', async () => {
    let revoked: Promise<unknown> | undefined;
    const ready = (jti: string) => ({ $case: 'ready', value: { mac: Buffer.alloc(0), jti } }) as const;
    await using fake = await FakeLink.listen(world.linksFolder, {
      answers: {
        init: ({ token }) => {
          const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
          revoked = world.revocation.revoke({ jtis: [jti] }, 'revoked');
          return ready(jti);
        },
      },
    });
    await expect(register(fake.name), 'a link without a token').rejects.toMatchObject({
      reason: 'TOKEN_NOT_ACTIVE',
    });
    await revoked;
    expect(world.links.find(fake.name)).toBeUndefined();
  });

  test('a uid has a limited number of registrations at once', async () => {
    const fakes = await Promise.all(
      Array.from({ length: 9 }, () =>
        FakeLink.listen(world.linksFolder, { answers: { init: () => undefined } }),
      ),
    );
    const registered = fakes.map((fake) => register(fake.name));
    await expect(registered[8]).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    await world.until(
      'Init',
      () => fakes.filter(({ received }) => received.length > 0).length === 8 || undefined,
    );
    for (const fake of fakes) await fake[Symbol.asyncDispose]();
    await Promise.allSettled(registered);
  });
});

describe('the limit of links of a uid', () => {
  const MAX_LINKS = 100;
  const fakes = new AsyncDisposableStack();
  /** The links that are registered. */
  const all: FakeLink[] = [];
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await fakes.disposeAsync();
  });

  const listen = async (): Promise<FakeLink> => fakes.use(await FakeLink.listen(world.linksFolder));
  const register = async (fake: FakeLink): Promise<FakeLink> => {
    await world.links.register({ socket: fake.name, daemon: false }, me.uid);
    return fake;
  };
  const another = async (): Promise<FakeLink> => register(await listen());
  const fill = async (links: number): Promise<void> => {
    while (all.length < links) all.push(await another());
  };
  /** Says that it stops, hangs up, and goes on listening. */
  const leave = (fake: FakeLink): void => {
    fake.say({ $case: 'stopped', value: { ended: [] } });
    fake.hangUp();
  };

  test('counts registrations in progress', async () => {
    await fill(MAX_LINKS - 1);
    const last = await Promise.allSettled([await listen(), await listen(), await listen()].map(register));
    expect(last.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    for (const outcome of last) if (outcome.status === 'fulfilled') all.push(outcome.value);
  });

  test('counts links that have left while their processes may still run', async () => {
    await fill(MAX_LINKS);
    await expect(another()).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    for (const fake of all) leave(fake);
    await expect(another()).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    await world.until('all to be removed', async () => (await world.sockets()).length === 0 || undefined);
    await expect(another()).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    await all[0]?.[Symbol.asyncDispose]();
    await world.until('the one that is gone to be forgotten', () => another().catch(() => undefined));
  });
});

test('where manual links are not allowed, only a link daemon that is being started may register', async () => {
  await using world = await World.open({ manualLinks: false });
  await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
  await using plain = await FakeLink.listen(world.linksFolder);
  const register = ({ name }: FakeLink, daemon: boolean) =>
    world.links.register({ socket: name, daemon }, me.uid);
  const isRefused = { reason: 'LINK_REFUSED', message: expect.stringContaining('latchkey login') };
  await expect(register(fake, true)).rejects.toMatchObject(isRefused);
  {
    using _ = world.links.expectDaemon(me.uid);
    using _other = world.links.expectDaemon(me.uid + 1);
    await expect(register(plain, false)).rejects.toMatchObject(isRefused);
    await register(fake, true);
  }
  expect([plain.connections, fake.connections]).toEqual([0, 1]);
  await using late = await FakeLink.listen(world.linksFolder, { daemon: true });
  await expect(register(late, true)).rejects.toMatchObject(isRefused);
});
