import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { type Client, connect } from '../../client/connect/connect.ts';
import { sessionsById } from '../../client/session-selection.ts';
import { tokensById, tokensOfLogin } from '../../client/token-selection.ts';
import { type Receipt, VerifiedBy } from '../../generated/latchkey/v1/token.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { durationOf } from '../../values/duration.ts';

/** The members of a receipt that a call and its preview share. */
type Shared = Pick<Receipt, 'jtis' | 'links' | 'sessions' | 'keptSessions'>;
type Call = (client: Client, validateOnly: boolean) => Promise<{ receipt?: Receipt | undefined }>;

const SLEEP = { command: ['sleep', '60'], environment: {}, directory: '', input: false };

let world: World;
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
  await world[Symbol.asyncDispose]();
});

/** A login of this test's Linux user, with a client that acts by it. */
async function logIn(login: string, parent?: string): Promise<{ claims: TokenClaims; client: Client }> {
  const { token, claims } = await world.authority.mint({
    login,
    linuxUser: me.username,
    uid: me.uid,
    authMethod: 'key',
    ...(parent !== undefined && { parent }),
  });
  return { claims, client: await act(token) };
}

async function act(token: string): Promise<Client> {
  const env = { HOME: world.folder, LATCHKEY_CA: join(world.folder, 'pki', 'ca.pem') };
  const client = await connect({ server: world.address, token, env });
  clients.push(client);
  return client;
}

async function said(call: Call, client: Client, validateOnly: boolean): Promise<Receipt> {
  const { receipt } = await call(client, validateOnly);
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
}

/** The preview says what is `wanted`, nothing has ended by it, and the receipt of the call says the same. */
async function expectForeseen(call: Call, client: Client, wanted: Shared): Promise<void> {
  const preview = await said(call, client, true);
  const unknown = { processes: 0, duration: undefined, survivors: [], verifiedBy: 0, validateOnly: true };
  const { stillRunning, stillRunningTotal, ...foreseen } = preview;
  expect(sorted(foreseen)).toEqual(sorted({ ...unknown, ...wanted }));
  for (const jti of wanted.jtis) expect(world.authority.isActive(jti)).toBe(true);
  for (const socket of wanted.links) expect(world.links.get(socket).state).toBe('ready');
  for (const id of [...wanted.sessions, ...wanted.keptSessions])
    expect((await world.sessions.get({ login: '', seesAll: true }, id)).state).toBe('running');
  const receipt = await said(call, client, false);
  const { jtis, links, sessions, keptSessions, verifiedBy, validateOnly } = receipt;
  expect(sorted({ jtis, links, sessions, keptSessions })).toEqual(sorted(wanted));
  expect(namesOf(receipt.stillRunning)).toEqual(namesOf(stillRunning));
  expect(stillRunningTotal).toBe(receipt.stillRunningTotal);
  expect(verifiedBy).not.toBe(VerifiedBy.UNSPECIFIED);
  expect(validateOnly).toBe(false);
}

function namesOf(running: Receipt['stillRunning']): string[] {
  return running.map(({ sessionId, socket }) => sessionId + socket).toSorted();
}

function sorted(receipt: Shared): Shared {
  const { jtis, links, sessions, keptSessions } = receipt;
  return {
    ...receipt,
    jtis: jtis.toSorted(),
    links: links.toSorted(),
    sessions: sessions.toSorted(),
    keptSessions: keptSessions.toSorted(),
  };
}

describe('validate_only says what would end, ends nothing, and is right (X1)', () => {
  it('RevokeTokens, with tokens made from others and sessions that end with them', async () => {
    world = await World.open({ onRevoke: 'end' });
    await world.linkDaemon();
    const { claims, client } = await logIn(me.username);
    const child = await logIn('another', claims.jti);
    const { id } = await world.sessions.start({ claims: child.claims, ...SLEEP });
    const jtis = [claims.jti, child.claims.jti];
    const call: Call = ({ tokens }, validateOnly) =>
      tokens.revokeTokens({ selection: tokensById([claims.jti]), validateOnly });
    await expectForeseen(call, client, { jtis, links: [], sessions: [id], keptSessions: [] });
  });

  it('RevokeTokens, with the link daemon that ends with the last login and the sessions that stay', async () => {
    world = await World.open({ shutdownOnLogout: true });
    const daemon = await world.linkDaemon();
    const one = await logIn(me.username);
    const other = await logIn(me.username);
    const { id } = await world.sessions.start({ claims: one.claims, ...SLEEP });
    const { jti } = one.claims;
    const call: Call = ({ tokens }, validateOnly) =>
      tokens.revokeTokens({ selection: tokensById([jti]), validateOnly });
    const whileOther = await said(call, one.client, true);
    expect(whileOther).toMatchObject({ jtis: [jti], links: [], keptSessions: [id] });
    await world.revocation.revoke({ jtis: [other.claims.jti] }, 'logout');
    const wanted = { jtis: [jti], links: [daemon.socket], sessions: [], keptSessions: [id] };
    await expectForeseen(call, one.client, wanted);
  });

  it('StopLink, with the token that goes and the sessions that stay', async () => {
    world = await World.open();
    const own = await world.link();
    const claims = await world.authority.get(own.jti);
    if (claims === undefined) throw new Error('no token');
    const { id } = await world.sessions.start({ claims, ...SLEEP });
    const { client } = await logIn(me.username);
    const call: Call = ({ links }, validateOnly) => links.stopLink({ socket: own.socket, validateOnly });
    const wanted = { jtis: [own.jti], links: [own.socket], sessions: [], keptSessions: [id] };
    await expectForeseen(call, client, wanted);
  });

  it('EndSession', async () => {
    world = await World.open();
    await world.linkDaemon();
    const { claims, client } = await logIn(me.username);
    const { id } = await world.sessions.start({ claims, ...SLEEP });
    const call: Call = ({ sessions }, validateOnly) =>
      sessions.endSession({ selection: sessionsById([id]), grace: durationOf(0), validateOnly });
    await expectForeseen(call, client, { jtis: [], links: [], sessions: [id], keptSessions: [] });
    for (const validateOnly of [true, false])
      await expect(call(client, validateOnly)).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
  });
});

it('validate_only is refused whom the call is refused, for the same reason (F28, F29)', async () => {
  world = await World.open({ roles: { boss: 'admin', max: 'manager' } });
  const daemon = await world.linkDaemon();
  const { claims } = await logIn('boss');
  const { id } = await world.sessions.start({ claims, ...SLEEP });
  const calls: Record<string, Call> = {
    jtis: ({ tokens }, validateOnly) =>
      tokens.revokeTokens({ selection: tokensById([claims.jti]), validateOnly }),
    login: ({ tokens }, validateOnly) =>
      tokens.revokeTokens({ selection: tokensOfLogin('boss'), validateOnly }),
    none: ({ tokens }, validateOnly) => tokens.revokeTokens({ validateOnly }),
    session: ({ sessions }, validateOnly) =>
      sessions.endSession({ selection: sessionsById([id]), validateOnly }),
    link: ({ links }, validateOnly) => links.stopLink({ socket: daemon.socket, validateOnly }),
    grace: ({ sessions }, validateOnly) =>
      sessions.endSession({
        selection: sessionsById([id]),
        grace: { seconds: -1, nanos: 0 },
        validateOnly,
      }),
  };
  const stranger = await world.authority.mint({ login: 'stranger', authMethod: 'key' });
  const reasonsOf = async (client: Client, validateOnly: boolean): Promise<Record<string, unknown>> => {
    const reasons: Record<string, unknown> = {};
    for (const [name, call] of Object.entries(calls))
      reasons[name] = await call(client, validateOnly).then(
        () => 'allowed',
        ({ reason }) => reason,
      );
    return reasons;
  };
  const missing = 'NOT_FOUND';
  const wrong = { none: 'INVALID_ARGUMENT', grace: 'INVALID_ARGUMENT' };
  for (const validateOnly of [true, false]) {
    const refusals = await reasonsOf(await act(stranger.token), validateOnly);
    expect(refusals).toEqual({ jtis: missing, login: missing, link: missing, session: missing, ...wrong });
  }
  const { links } = await act(stranger.token);
  const refusalOf = (socket: string): Promise<string> =>
    links.stopLink({ socket, validateOnly: true }).then(
      () => 'allowed',
      ({ message }) => message,
    );
  expect(await refusalOf(daemon.socket)).toBe(await refusalOf('1.00000000000000000000000000000000.sock'));
  const { client: max } = await logIn('max');
  const denied = 'PERMISSION_DENIED';
  const allowed = { session: 'allowed', link: 'allowed' }; // a link daemon is nobody's login
  for (const validateOnly of [true, false]) {
    const refusals = await reasonsOf(max, validateOnly);
    expect(refusals).toEqual({ jtis: denied, login: denied, ...allowed, ...wrong });
    expect(world.authority.isActive(claims.jti)).toBe(true);
  }
});
