import { beforeEach, describe, expect, test } from 'vitest';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import type { TokenClaims } from '../token/claims.ts';
import { Records } from './records.ts';
import { Starts } from './starts.ts';

const PLAIN = { command: ['true'], environment: {}, directory: '', input: false };
const ANYBODY = { login: '', seesAll: true };

describe('a start', () => {
  let owned: AsyncDisposableStack;
  let world: World;
  let fake: FakeLink;
  let claims: TokenClaims;
  beforeEach(async () => {
    owned = new AsyncDisposableStack();
    world = owned.use(await World.open());
    fake = owned.use(await FakeLink.listen(world.linksFolder, { daemon: true }));
    await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    claims = await world.login();
    return () => owned.disposeAsync();
  });

  /** Ids of the sessions that the link was told to start. */
  const startedIds = (): string[] =>
    fake.received.flatMap(({ body }) => (body?.$case === 'start' ? [body.value.sessionId] : []));

  test('is one of at most 200 running sessions of a login', async () => {
    const starts = await Promise.allSettled(
      Array.from({ length: 205 }, () => world.sessions.start({ claims, ...PLAIN })),
    );
    const refused = starts.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ reason: { reason: 'LIMIT_EXCEEDED' } });
    expect(await world.sessions.list(ANYBODY, { state: 'running', pageSize: 1 })).toMatchObject({
      total: 200,
    });
  });

  test('whose link is lost before it answers gets its outcome from the next', async () => {
    fake.answers = { start: () => undefined };
    const start = world.sessions.start({ claims, ...PLAIN });
    await world.until('Start', () => startedIds().length > 0 || undefined);
    const [sessionId = ''] = startedIds();
    const state = { sessionId, pid: 0, exited: undefined, elsewhere: false };
    fake.answers = { list: () => ({ $case: 'sessions', value: { sessions: [state] } }) };
    fake.hangUp();
    await expect(start).rejects.toMatchObject({ reason: 'LINK_LOST', details: { sessionId } });
    await world.session(sessionId, (session) => session.state === 'running');
    const exited = { sessionId, status: 9 };
    fake.answers = { list: () => ({ $case: 'sessions', value: { sessions: [{ ...state, exited }] } }) };
    fake.hangUp();
    const ended = await world.session(sessionId, (session) => session.state === 'ended');
    expect(ended).toMatchObject({ exitStatus: 9 });
  });

  test('whose link is replaced while it is recorded runs on the next one, and is recorded as its', async () => {
    await using next = await FakeLink.listen(world.linksFolder, { daemon: true });
    const first = world.links.forClaims(claims, me.uid);
    await world.links.register({ socket: next.name, daemon: true }, me.uid);
    const starts = new Starts({
      authority: world.authority,
      links: {
        obtain: async () => first,
        refresh: async () => {},
        forClaims: (by, uid) => world.links.forClaims(by, uid),
      },
      records: new Records(world.store),
      settings: () => ({ outputLimitBytes: 1024 * 1024 }),
      now: Date.now,
      log: { warn: () => {} },
    });
    const { id } = await starts.start({ claims, ...PLAIN });
    expect(startedIds()).toEqual([]);
    expect(await world.sessions.get(ANYBODY, id)).toMatchObject({ socket: next.name });
  });

  test('is sent to a link before that can be told to retire', async () => {
    const link = world.links.forClaims(claims, me.uid);
    let isRetiring = false;
    const sent: boolean[] = [];
    const start = (program: Parameters<LinkConnection['start']>[0]) => {
      sent.push(isRetiring);
      return link.start(program);
    };
    const starts = new Starts({
      authority: world.authority,
      links: {
        obtain: async () => link,
        refresh: async () => {},
        forClaims: () => {
          queueMicrotask(() => {
            isRetiring = true;
          });
          return { info: link.info, start } as unknown as LinkConnection;
        },
      },
      records: new Records(world.store),
      settings: () => ({ outputLimitBytes: 1024 * 1024 }),
      now: Date.now,
      log: { warn: () => {} },
    });
    await starts.start({ claims, ...PLAIN });
    expect(sent, 'the link that retires has got it').toEqual([false]);
  });

  test('runs nothing, and leaves nothing, when its token is revoked once it is recorded (F3)', async () => {
    let revoked: Promise<unknown> | undefined;
    using _ = world.sessions.changes.listen(() => {
      revoked ??= world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    });
    const start = world.sessions.start({ claims, ...PLAIN });
    await expect(start, 'a program of a revoked token').rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await revoked;
    await world.links.forSocket(fake.name)?.list([]); // answered after all frames before
    expect(startedIds()).toEqual([]);
    expect((await world.sessions.list(ANYBODY, { pageSize: 1 })).total).toBe(0);
  });

  test('is sent while its token is active or not at all, whenever that is revoked (F3)', async () => {
    const outcomes = new Set<string>();
    for (let turns = 0; turns < 10; turns += 1) {
      claims = await world.login();
      const { jti } = claims;
      const link = world.links.forClaims(claims, me.uid);
      const sent: boolean[] = [];
      const watched = {
        info: link.info,
        start: (program: Parameters<LinkConnection['start']>[0]) => {
          sent.push(world.authority.isActive(jti));
          return link.start(program);
        },
      } as unknown as LinkConnection;
      let revoked: Promise<unknown> | undefined;
      const revokeLater = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) await undefined;
        revoked = world.revocation.revoke({ jtis: [jti] }, 'revoked');
      };
      const starts = new Starts({
        authority: world.authority,
        links: {
          obtain: (by) => world.links.obtain(by),
          refresh: (by, info) => world.links.refresh(by, info),
          forClaims: () => {
            void revokeLater();
            return watched;
          },
        },
        records: new Records(world.store),
        settings: () => ({ outputLimitBytes: 1024 * 1024 }),
        now: Date.now,
        log: { warn: () => {} },
      });
      const outcome = await starts.start({ claims, ...PLAIN }).then(
        () => 'runs',
        ({ reason }) => reason as string,
      );
      await revoked;
      outcomes.add(outcome);
      expect({ turns, sent }).toEqual({ turns, sent: outcome === 'runs' ? [true] : [] });
    }
    expect([...outcomes].toSorted()).toEqual(['TOKEN_NOT_ACTIVE', 'runs']);
  });
});
