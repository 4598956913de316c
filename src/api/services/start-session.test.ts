import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { FakeLink } from '../../../test/support/link/fake-link.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { connect } from '../../client/connect/connect.ts';
import { SessionState } from '../../generated/latchkey/v1/session.ts';

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

it('a start whose caller stops waiting is not undone: its session shows what came of it', async () => {
  world = await World.open();
  const answers = { start: () => undefined };
  await using link = await FakeLink.listen(world.linksFolder, { daemon: true, answers });
  await world.links.register({ socket: link.name, daemon: true }, me.uid);
  const account = { login: me.username, linuxUser: me.username, uid: me.uid };
  const { token } = await world.authority.mint({ ...account, authMethod: 'key' });
  const env = { HOME: world.folder, LATCHKEY_CA: join(world.folder, 'pki', 'ca.pem') };
  await using client = await connect({ server: world.address, token, env });
  const started = async () => (await client.sessions.listSessions({ pageSize: 1 })).sessions[0];

  const start = client.sessions.startSession({ command: [Buffer.from('true')] }, { timeoutMs: 1_000 });
  await expect(start).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  const { id: sessionId = '', state } = (await started()) ?? {};
  expect(state).toBe(SessionState.STARTING);
  const { request = 0 } = link.received.find(({ body }) => body?.$case === 'start') ?? {};
  link.say({ $case: 'started', value: { sessionId, pid: 4 } }, request);
  await expect.poll(async () => (await started())?.state).toBe(SessionState.RUNNING);
});
