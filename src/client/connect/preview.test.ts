import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { becomeOlder, ignorePreviews } from '../../../test/support/server/older-server.ts';
import { durationOf } from '../../values/duration.ts';
import { sessionsById } from '../session-selection.ts';
import { tokensOfLogin } from '../token-selection.ts';
import { type Client, connect } from './connect.ts';
import { checkIsPreview } from './preview.ts';

let world: World;
let client: Client;
/** A token, a link and a session to end, and the calls that end them. */
let jti: string;
let socket: string;
let session: string;

beforeAll(async () => {
  world = await World.open();
  ({ jti, socket } = await world.linkDaemon());
  const claims = await world.login();
  const start = { command: ['sleep', '60'], environment: {}, directory: '', input: false };
  ({ id: session } = await world.sessions.start({ claims, ...start }));
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  const { token } = await world.authority.mint({
    login: me.username,
    linuxUser: me.username,
    uid: me.uid,
    authMethod: 'key',
  });
  const env = { HOME: world.folder, LATCHKEY_CA: join(world.folder, 'pki', 'ca.pem') };
  client = await connect({ server: world.address, token, env });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await client.close();
});

const calls = {
  RevokeTokens: () =>
    client.tokens.revokeTokens({ selection: tokensOfLogin(me.username), validateOnly: true }),
  StopLink: () => client.links.stopLink({ socket, validateOnly: true }),
  EndSession: () =>
    client.sessions.endSession({
      selection: sessionsById([session]),
      grace: durationOf(0),
      validateOnly: true,
    }),
};
type Name = keyof typeof calls;
const names = Object.keys(calls) as Name[];

async function lives(): Promise<boolean> {
  const { state } = await world.sessions.get({ login: '', seesAll: true }, session);
  return world.authority.isActive(jti) && world.links.find(socket) !== undefined && state === 'running';
}

describe('a preview (X1)', () => {
  it.each(names)('of %s ends nothing and says that it is one', async (name) => {
    expect(await calls[name]()).toMatchObject({ receipt: { validateOnly: true } });
    expect(await lives()).toBe(true);
  });

  it.each(names)(
    'of %s is not sent to a server of an older version, which would end things',
    async (name) => {
      becomeOlder();
      const error = await calls[name]().catch((caught: unknown) => caught);
      expect(await lives()).toBe(true);
      expect(error).toMatchObject({
        reason: 'UNAVAILABLE',
        message: expect.stringMatching(/runs Latchkey 0, which does not support previews; nothing has ended/),
      });
      expect((await client.auth.whoAmI({})).token?.login).toBe(me.username);
    },
  );

  it('is not sent when the server does not say what it supports', async () => {
    vi.spyOn(world.revocation, 'endsSessions', 'get').mockImplementation(() => {
      throw new Error('GetInfo fails');
    });
    ignorePreviews();
    await expect(calls.StopLink()).rejects.toMatchObject({ reason: 'INTERNAL' });
    expect(await lives()).toBe(true);
  });

  // The last one, since it ends the session.
  it('that a server ended things for all the same is never reported as one', async () => {
    ignorePreviews();
    await expect(calls.EndSession()).rejects.toMatchObject({
      reason: 'INTERNAL',
      message: expect.stringMatching(/it has ended things \(tokens: 0, links: 0, sessions: 1\)/),
    });
    expect(await lives()).toBe(false);
  });
});

it('an answer without a receipt is not taken for a preview', () => {
  const refusal = expect.objectContaining({ reason: 'INTERNAL' });
  expect(() => checkIsPreview({ receipt: undefined }, 'host:7300')).toThrow(refusal);
});
