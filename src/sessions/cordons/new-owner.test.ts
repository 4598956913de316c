import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sessionRow, tokenRow } from '../../../test/contract/rows.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import type { Role } from '../../accounts/roles.ts';
import { AppError } from '../../errors.ts';
import type { SessionRow } from '../../store/schema.ts';
import { insertSession, updateSession } from '../../store/tables/sessions.ts';
import { deleteTokens, insertToken } from '../../store/tables/tokens.ts';
import { SessionClients } from '../attachments/session-clients.ts';
import { Records } from '../records.ts';
import type { Actor, SessionChange } from '../session.ts';
import { VisibleSessions } from '../visible-sessions.ts';
import { Cordons } from './cordons.ts';
import { NewOwner } from './new-owner.ts';

const OWN_UID = 900;
const actor = (sub: string, role: Role): Actor => ({ claims: { sub, jti: sub, authMethod: 'link' }, role });
const admin = actor('root', 'admin');
const manager = actor('bob', 'manager');
const CORDONED = { cordoned_at: 1, cordoned_by: 'bob', cordon_message: 'why' };
const UNCORDONED = { cordoned_at: null, cordoned_by: null, cordon_message: null };

let world: World;
let records: Records;
let cordons: Cordons;
/** Number of bytes that the session has printed, as its link says. */
let printed: number | undefined;
let roles: Record<string, Role>;

beforeAll(async () => {
  world = await World.open();
  const { store } = world;
  records = new Records(store);
  const link = { list: async () => [{ sessionId: 's1', pid: 1, elsewhere: false, printed }] };
  const newOwner = new NewOwner({
    store,
    links: { forUid: () => undefined, forSocket: () => link as never, isKnown: () => true },
    roles: {
      roleOf: ({ sub }) => roles[sub] ?? 'user',
    },
    accounts: {
      check: async ({ name }) => {
        if (name === 'locked') throw new AppError('NOT_ELIGIBLE', 'account "locked" may not start programs');
        return {} as never;
      },
    },
    ownUid: OWN_UID,
  });
  const visible = new VisibleSessions(records);
  cordons = new Cordons({ records, visible, clients: new SessionClients(), newOwner, now: () => 1 });
  await store.commit(async (tx) => {
    const tokens = [
      tokenRow('a', { login: 'alice', linux_user: 'alice', uid: 1000 }),
      tokenRow('d', { login: 'dora', linux_user: 'dora', uid: 1001 }),
      tokenRow('l', { login: 'locked', linux_user: 'locked', uid: 1002 }),
      tokenRow('b', { login: 'boss', linux_user: 'alice', uid: 1000 }),
      tokenRow('r', { login: 'local', linux_user: null, uid: null, auth_method: 'local' }),
    ];
    for (const row of tokens) await insertToken(tx, row);
    await deleteTokens(tx, ['d', 'b']); // known, and not logged in
    await insertSession(tx, sessionRow('s1', { socket: 'x' }));
  });
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  printed = 12;
  roles = {};
  await become({ login: 'alice', readable_from: 0, started_by: null, state: 'running', ...CORDONED });
});

function become(change: Partial<SessionRow>): Promise<unknown> {
  return world.store.commit((tx) => updateSession(tx, 's1', { linux_user: 'alice', uid: 1000, ...change }));
}

function give(login: string, more: { by?: Actor; withOutput?: boolean; validateOnly?: boolean } = {}) {
  const { by = admin, withOutput = false, validateOnly = false } = more;
  return cordons.uncordon(by, 's1', { login, withOutput, validateOnly });
}

/** Expects that the session has stayed as it is. */
async function expectSame(change: Partial<SessionRow> = {}): Promise<void> {
  expect(await records.find('s1')).toMatchObject({
    login: 'alice',
    readable_from: 0,
    ...CORDONED,
    ...change,
  });
}

describe('a session that is given to another login (V3)', () => {
  it('belongs to that login from then on, which reads only what is printed later', async () => {
    const seen: SessionChange[] = [];
    using _listening = records.changes.listen((change) => seen.push(change));
    const session = await give('dora');
    expect(session).toMatchObject({
      login: 'dora',
      linuxUser: 'alice',
      readableFrom: 12,
      startedBy: 'alice',
    });
    expect(session.cordon).toBe(undefined);
    expect(await records.find('s1')).toMatchObject({ login: 'dora', started_by: 'alice', ...UNCORDONED });
    expect(seen).toMatchObject([{ loginBefore: 'alice', act: { kind: 'given', by: admin } }]);
    expect(await give('dora'), 'a repeated call').toMatchObject({ login: 'dora', readableFrom: 12 });
    expect(seen).toHaveLength(1);
  });

  it('lets it read what was printed before if that is asked for, also later', async () => {
    printed = undefined;
    expect(await give('dora', { withOutput: true })).toMatchObject({ login: 'dora', readableFrom: 0 });
    await become({ readable_from: 5, ...CORDONED });
    expect(await give('dora')).toMatchObject({ readableFrom: 5 });
    expect(await give('dora', { withOutput: true })).toMatchObject({ readableFrom: 0 });
    await become(CORDONED);
    printed = 20;
    expect(await give('alice')).toMatchObject({ login: 'alice', readableFrom: 20, startedBy: undefined });
  });

  it('keeps its earlier output from the new owner also where its link cannot tell how much that is', async () => {
    printed = undefined;
    await expect(give('dora')).rejects.toMatchObject({ reason: 'LINK_REQUIRED', message: /with its output/ });
    await expectSame();
    await become({ socket: null });
    await expect(give('dora')).rejects.toMatchObject({ reason: 'LINK_REQUIRED' });
    await become({ socket: 'x' });
  });

  it('is not given by managers, who may only uncordon it', async () => {
    const details = { requiredRole: 'admin' };
    const refused = { reason: 'PERMISSION_DENIED', details };
    await expect(give('dora', { by: manager })).rejects.toMatchObject(refused);
    await expect(give('alice', { by: manager })).rejects.toMatchObject(refused);
    await expectSame();
    const output = cordons.uncordon(manager, 's1', { login: '', withOutput: true, validateOnly: false });
    await expect(output).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    await expectSame();
    await become({ readable_from: 5 });
    expect(await give('', { by: manager })).toMatchObject({ login: 'alice', readableFrom: 5 });
  });

  it.each([
    ['nobody', 'NOT_FOUND'],
    ['local', 'NOT_FOUND'],
    ['Dora', 'NOT_FOUND'],
    ['locked', 'NOT_ELIGIBLE'],
  ])('is not given to %s: %s', async (login, reason) => {
    await expect(give(login)).rejects.toMatchObject({ reason });
    await expectSame();
  });

  it.each([
    ['uid 0', { uid: 0 }, {}],
    ["the server's own uid", { uid: OWN_UID }, {}],
    ['a Linux user who is an administrator', {}, { alice: 'admin' }],
    ['a Linux user who is a manager', {}, { alice: 'manager' }],
    ['a Linux user that an administrator has logged in as', {}, { boss: 'admin' }],
    ['an owner who is a manager', { login: 'dora', linux_user: 'other' }, { dora: 'manager' }],
    ['a login that is an administrator', { started_by: 'dora', linux_user: 'other' }, { dora: 'admin' }],
  ] as const)('is not one of %s', async (_whose, change, has) => {
    roles = has;
    await become(change);
    const refused = give('login' in change ? 'alice' : 'dora');
    await expect(refused).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
      message: /cannot be given away/,
    });
    await expectSame(change);
  });

  it('is cordoned, and has not ended', async () => {
    await become(UNCORDONED);
    await expect(give('dora')).rejects.toMatchObject({ reason: 'SESSION_NOT_CORDONED' });
    await become({ ...CORDONED, state: 'ended' });
    await expect(give('dora')).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
    await expectSame();
    expect(await give('')).toMatchObject({ state: 'ended', login: 'alice' });
  });

  it('is given once when two administrators do it at the same time', async () => {
    const results = await Promise.allSettled([give('dora'), give('boss')]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await records.find('s1')).toMatchObject({ started_by: 'alice', ...UNCORDONED });
  });

  it('is shown in advance with validate_only, with every refusal, and stays what it is', async () => {
    const shown = await give('dora', { validateOnly: true });
    expect(shown).toMatchObject({ login: 'dora', readableFrom: 12, startedBy: 'alice' });
    await expect(give('nobody', { validateOnly: true })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    await expectSame();
    await become({ state: 'ended' });
    await expect(give('dora', { validateOnly: true })).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
  });
});

it('a link says how much its session has printed', async () => {
  await world.linkDaemon();
  const claims = await world.login();
  const request = { claims, command: ['printf', '%s', 'twelve bytes'], environment: {}, directory: '' };
  const { id } = await world.sessions.start({ ...request, input: false });
  await world.session(id, ({ state }) => state === 'ended');
  const [state] = (await world.links.forUid(me.uid)?.list([id])) ?? [];
  expect(state?.printed).toBe(12);
});
