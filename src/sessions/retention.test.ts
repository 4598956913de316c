import { beforeEach, describe, expect, test } from 'vitest';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import type { RoomsOptions } from '../../test/support/link/server-rooms.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';

/** Shorter than the time until a link's token is renewed: links survive this jump of the clock. */
const RETENTION_MS = 600_000;
const PLAIN = { environment: {}, directory: '', input: false };
const MANAGER = { login: 'somebody', seesAll: true };

describe('a session that has ended', () => {
  let owned: AsyncDisposableStack;
  beforeEach(() => {
    owned = new AsyncDisposableStack();
    return () => owned.disposeAsync();
  });

  /** A world with a link that runs nothing, and a way to have a session there that has ended. */
  async function withFakeLink(options: RoomsOptions) {
    const world = owned.use(await World.open(options));
    const fake = owned.use(await FakeLink.listen(world.linksFolder, { daemon: true }));
    await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    const claims = await world.login();
    const run = async (): Promise<string> => {
      world.ahead += 2; // so that no two end at the same time
      const { id } = await world.sessions.start({ claims, command: ['true'], ...PLAIN });
      fake.say({ $case: 'exited', value: { sessionId: id, status: 0 } });
      await world.session(id, ({ state }) => state === 'ended');
      return id;
    };
    return { world, fake, run };
  }

  test('is forgotten after its retention time, by its link as well', async () => {
    const world = owned.use(await World.open({ retentionMs: RETENTION_MS }));
    await world.linkDaemon();
    const claims = await world.login();
    const { id } = await world.sessions.start({ claims, command: ['echo', 'x'], ...PLAIN });
    await world.session(id, ({ state }) => state === 'ended');
    await world.sessions.forgetOld();
    const reading = world.sessions.readOutput({ claims, sessionId: id, offset: 0, follow: false });
    expect((await reading.next()).value).toMatchObject({ data: Buffer.from('x\n') });
    await reading.return({});
    world.ahead = RETENTION_MS + 60_000;
    await world.sessions.forgetOld();
    world.ahead = 0;
    await expect(world.sessions.get(MANAGER, id)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    expect(await world.links.forUid(me.uid)?.adopt([id])).toEqual([]);
  });

  test('stays recorded until its link has forgotten it: nothing else knows of its output', async () => {
    const { world, fake, run } = await withFakeLink({ retentionMs: RETENTION_MS });
    const id = await run();
    world.ahead += RETENTION_MS + 60_000;
    const value = { reason: 'UNAVAILABLE', message: 'not now', details: {}, field: '' };
    fake.answers = { forget: () => ({ $case: 'error', value }) };
    await expect(world.sessions.forgetOld()).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    expect(await world.sessions.get(MANAGER, id)).toMatchObject({ state: 'ended' });
    fake.answers = {};
    await world.sessions.forgetOld();
    await expect(world.sessions.get(MANAGER, id)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });

  test('is kept while it is one of the newest of its user', async () => {
    const { world, fake, run } = await withFakeLink({ maxKept: 3 });
    const ids: string[] = [];
    for (let count = 0; count < 6; count += 1) ids.push(await run());
    await world.sessions.forgetOld();
    const kept = await world.sessions.list(MANAGER, { pageSize: 10 });
    expect(kept.items.map(({ id }) => id)).toEqual(ids.slice(3).reverse());
    const forgotten = fake.received.flatMap(({ body }) =>
      body?.$case === 'forget' ? body.value.sessionIds : [],
    );
    expect(forgotten).toEqual(ids.slice(0, 3));
    const batch = 50; // which ends at one time: all or none of it are forgotten
    for (let times = 0; times < 5; times += 1) await Promise.all(Array.from({ length: batch }, run));
    await run(); // the 257th
    await world.until('forgotten', async () => {
      const { total } = await world.sessions.list(MANAGER, { pageSize: 1 });
      return total <= batch + 1 || undefined;
    });
  });
});
