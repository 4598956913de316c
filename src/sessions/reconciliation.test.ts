import { spawn } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import { FakeLink, type FakeLinkOptions } from '../../test/support/link/fake-link.ts';
import type { RoomsOptions } from '../../test/support/link/server-rooms.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import type { Body } from '../link-protocol/protocol.ts';
import type { SessionRow } from '../store/schema.ts';
import { setMeta } from '../store/tables/meta.ts';
import { insertSession } from '../store/tables/sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import { Reconciliation } from './reconciliation.ts';
import { Records } from './records.ts';

const MANAGER = { login: 'somebody', seesAll: true };

let owned: AsyncDisposableStack;
beforeEach(() => {
  owned = new AsyncDisposableStack();
  return () => owned.disposeAsync();
});

/** A session of a link that runs nothing. */
async function begin(options: RoomsOptions = {}, more: FakeLinkOptions = {}) {
  const world = owned.use(await World.open(options));
  const fake = owned.use(await FakeLink.listen(world.linksFolder, { daemon: true, ...more }));
  await world.links.register({ socket: fake.name, daemon: true }, me.uid);
  const program = { command: ['true'], environment: {}, directory: '', input: false };
  const { id } = await world.sessions.start({ claims: await world.login(), ...program });
  return { world, fake, id };
}

async function insertInto({ store }: World, row: SessionRow): Promise<void> {
  await store.commit((tx) => insertSession(tx, row));
}

describe('the record of a session', () => {
  test.each([
    [
      'reports an end that is none',
      (id: string) => [{ sessionId: id, pid: 0, exited: { sessionId: id, status: 0 }, elsewhere: false }],
    ],
    ['no longer knows it', () => []],
  ])('has not ended while its keeper runs, although its link %s', async (_name, states) => {
    const keeper = spawn('sleep', ['60']);
    const pid = keeper.pid ?? 0;
    const { world, fake, id } = await begin(
      { giveUpMs: 50 },
      { answers: { start: ({ sessionId }) => ({ $case: 'started', value: { sessionId, pid } }) } },
    );
    let asked = 0;
    const answer = (): Body => {
      asked += 1;
      return { $case: 'sessions', value: { sessions: states(id) } };
    };
    fake.answers = { list: answer, adopt: answer };
    fake.hangUp();
    await world.until('several questions', () => asked > 4 || undefined);
    expect((await world.sessions.get(MANAGER, id)).state).not.toBe('ended');
    keeper.kill('SIGKILL');
    await world.session(id, ({ state }) => state === 'ended');
  });

  test('has ended when no link knows it', async () => {
    const { world, fake, id } = await begin({ giveUpMs: 50 });
    fake.hangUp();
    const ended = await world.session(id, ({ state }) => state === 'ended');
    expect(ended.exitStatus).toBeUndefined();
    const asked = fake.received.filter(({ body }) => body?.$case === 'adopt');
    expect(asked.map(({ body }) => body?.value)).toEqual([{ sessionIds: [id] }, { sessionIds: [id] }]);
  });

  test('with a terminal is offered to no link of an earlier version, and has not ended for that', async () => {
    const { world, fake, id } = await begin({ giveUpMs: 50 }, { hello: { hasTerminals: false } });
    await insertInto(world, sessionRow('on a terminal', { uid: me.uid, terminal: '80x24' }));
    fake.hangUp();
    await world.session(id, ({ state }) => state === 'ended');
    const asked = fake.received.flatMap(({ body }) => (body?.$case === 'adopt' ? body.value.sessionIds : []));
    expect(new Set(asked)).toEqual(new Set([id]));
    expect((await world.sessions.get(MANAGER, 'on a terminal')).state).toBe('running');
  });

  test('has ended when it is from before the last boot', async () => {
    const { world, id } = await begin();
    await world.store.commit(async (tx) => {
      await insertSession(tx, sessionRow('just starting', { state: 'starting', uid: me.uid }));
      await setMeta(tx, 'boot_id', 'another');
    });
    await world.stop();
    await world.start();
    for (const each of [id, 'just starting'])
      expect((await world.sessions.get(MANAGER, each)).state).toBe('ended');
  });

  test('is changed by no other link of its user', async () => {
    const { world, fake, id } = await begin();
    const other = owned.use(await FakeLink.listen(world.linksFolder));
    await world.links.register({ socket: other.name, daemon: false }, me.uid);
    other.say({ $case: 'exited', value: { sessionId: id, status: 0 } });
    await world.links.forSocket(other.name)?.list([id]);
    await world.links.settled();
    expect((await world.sessions.get(MANAGER, id)).state).toBe('running');
    fake.say({ $case: 'exited', value: { sessionId: id, status: 300 } });
    expect((await world.session(id, ({ state }) => state === 'ended')).exitStatus).toBeUndefined();
  });

  // The connections of other links do not report this, either: link-connection.test.ts.
  test('is ended by a report of its own link, or of one of its user while it has none', async () => {
    const world = owned.use(await World.open());
    const reconciliation = new Reconciliation({
      store: world.store,
      links: world.links,
      records: new Records(world.store),
      unanswered: new Set(),
      forgetOld: async () => {},
      giveUpMs: 0,
      now: Date.now,
      stopping: AbortSignal.abort(),
    });
    await world.store.commit(async (tx) => {
      await insertSession(tx, sessionRow('kept', { uid: me.uid, socket: 'its own' }));
      await insertSession(tx, sessionRow('alone', { uid: me.uid, socket: null }));
    });
    const reported = async (id: string, { uid = me.uid, socket }: { uid?: number; socket: string }) => {
      await reconciliation.exited({ uid, socket } as LinkInfo, id, 0);
      return (await world.sessions.get(MANAGER, id)).state;
    };
    expect(await reported('kept', { socket: 'another' })).toBe('running');
    expect(await reported('kept', { socket: 'its own', uid: me.uid + 1 })).toBe('running');
    expect(await reported('kept', { socket: 'its own' })).toBe('ended');
    expect(await reported('alone', { socket: 'another', uid: me.uid + 1 })).toBe('running');
    expect(await reported('alone', { socket: 'another' })).toBe('ended');
  });
});
