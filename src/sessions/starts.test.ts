import { beforeEach, describe, expect, test } from 'vitest';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import type { TokenClaims } from '../token/claims.ts';

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
});
