import { beforeEach, expect, test } from 'vitest';
import { me, World } from '../../test/support/link/supervisor-world.ts';

const MANAGER = { login: 'somebody', seesAll: true };

let owned: AsyncDisposableStack;
beforeEach(() => {
  owned = new AsyncDisposableStack();
  return () => owned.disposeAsync();
});

/** A server whose kernel has killed `kills` processes of every session of this user. */
async function worldWith(kills: number | undefined): Promise<World> {
  const world = await World.open({
    cgroups: {
      ofLink: async () => undefined,
      ofSession: async () => undefined,
      sessionOf: async () => undefined,
      sessions: async () => new Map(),
      removeEmpty: async () => {},
      oomKillsOf: async (_id, uid) => (uid === me.uid ? kills : undefined),
    },
  });
  return owned.use(world);
}

async function ended(world: World, script: string): Promise<string> {
  await world.linkDaemon();
  const program = { command: ['sh', '-c', script], environment: {}, directory: '', input: false };
  const { id } = await world.sessions.start({ claims: await world.login(), ...program });
  await world.session(id, ({ state }) => state === 'ended');
  return id;
}

test('a session that the kernel has killed for its memory says so, to who read it too', async () => {
  const world = await worldWith(1);
  const id = await ended(world, 'kill -KILL $$');
  expect(await world.sessions.get(MANAGER, id)).toMatchObject({ exitStatus: 137, oomKills: 1 });
  expect(await world.sessions.oomKillsOf(id, 137)).toBe(1);
});

test('a session that somebody ended says so, too, if the kernel has killed some of it', async () => {
  const world = await worldWith(3);
  await world.linkDaemon();
  const program = { command: ['sleep', '60'], environment: {}, directory: '', input: false };
  const { id } = await world.sessions.start({ claims: await world.login(), ...program });
  await world.end(id);
  expect(await world.sessions.get(MANAGER, id)).toMatchObject({ state: 'ended', oomKills: 3 });
});

test('a session that ended in another way says nothing of memory to who read it', async () => {
  const world = await worldWith(1);
  const id = await ended(world, 'exit 3');
  expect(await world.sessions.oomKillsOf(id, 3)).toBeUndefined();
});

test.each([0, undefined])('nothing is said when the kernel has counted %s', async (kills) => {
  const world = await worldWith(kills);
  const id = await ended(world, 'kill -KILL $$');
  expect((await world.sessions.get(MANAGER, id)).oomKills).toBe(kills);
  expect(await world.sessions.oomKillsOf(id, 137)).toBeUndefined();
});
