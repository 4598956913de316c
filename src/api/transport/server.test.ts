import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVER_ID, ServedApi } from '../../../test/support/server/served-api.ts';
import { tokensById, tokensOfLogin } from '../../client/token-selection.ts';
import { AppError } from '../../errors.ts';
import { Feed } from '../../feed.ts';
import { Role } from '../../generated/latchkey/v1/auth.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import { RefusalKind, ServerMode } from '../../generated/latchkey/v1/system.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import { explain } from '../../terminal/failure.ts';
import { millisecondsOf } from '../../values/duration.ts';

const ownUid = process.getuid?.() ?? -1;

const registered: unknown[] = [];
const links = {
  changes: new Feed(),
  allowsManualLinks: true,
  register: async (request: unknown, uid: number) => {
    registered.push([request, uid]);
    return { jti: 'made' };
  },
  list: async () => {
    throw new Error('the secret cause');
  },
  get: () => {
    throw new AppError('NOT_FOUND', 'there is no such link');
  },
} as never;

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start({ links, admins: ['ada'], managers: ['max'] });
});
afterAll(() => api[Symbol.asyncDispose]());

const refused = (reason: string) => expect.objectContaining({ reason });

async function jtiOf(token: string): Promise<string> {
  return (await api.authority.verify(token)).jti;
}

/** Returns the next event of a watch. */
async function next<Event>(events: AsyncIterator<Event>): Promise<Event> {
  return (await events.next()).value as Event;
}

describe('AuthService', () => {
  it('returns to anyone what is needed to verify the server', async () => {
    await using client = await api.client();
    const keys = await client.auth.getKeys({});
    expect(keys).toMatchObject({ serverId: SERVER_ID, ca: api.pki.caPem });
    expect(JSON.parse(keys.jwks)).toEqual(api.authority.jwks());
    expect((await client.auth.listMethods({})).methods.map(({ method }) => method)).toEqual([
      AuthMethod.LINK,
    ]);
  });

  it('names links among the login methods only where users may start them by hand', async () => {
    await using quiet = await ServedApi.start({ links: { allowsManualLinks: false } as never });
    await using client = await quiet.client();
    expect((await client.auth.listMethods({})).methods).toEqual([]);
  });

  it("returns the caller's identity, and nothing without a token (F1)", async () => {
    await using client = await api.client('alice');
    const { token, role } = await client.auth.whoAmI({});
    expect(role).toBe(Role.USER);
    expect(token).toMatchObject({
      login: 'alice',
      current: true,
      serverId: SERVER_ID,
      authMethod: AuthMethod.LINK,
    });
    await using nobody = await api.client();
    await expect(nobody.auth.whoAmI({})).rejects.toEqual(refused('NOT_LOGGED_IN'));
  });

  it('logs out this token, then all, each with a receipt (F30, X2)', async () => {
    const token = await api.token('lara');
    await using here = await api.client(undefined, { token });
    await using there = await api.client('lara');
    expect((await here.auth.logout({})).receipt?.jtis).toHaveLength(1);
    await expect(here.auth.whoAmI({})).rejects.toEqual(refused('TOKEN_NOT_ACTIVE'));
    await api.token('lara');
    expect((await there.auth.logout({ everywhere: true })).receipt?.jtis).toHaveLength(2);
    await expect(there.auth.whoAmI({})).rejects.toEqual(refused('TOKEN_NOT_ACTIVE'));
  });

  it("lets a link daemon's token end only itself", async () => {
    await api.token('dora');
    const token = await api.token('dora', { authMethod: 'link-daemon' });
    await using client = await api.client(undefined, { token });
    await client.auth.whoAmI({});
    await expect(client.tokens.listTokens({})).rejects.toEqual(refused('PERMISSION_DENIED'));
    await expect(client.auth.logout({ everywhere: true })).rejects.toEqual(refused('PERMISSION_DENIED'));
    expect((await client.auth.logout({})).receipt?.jtis).toHaveLength(1);
  });
});

describe('TokenService', () => {
  it('shows users their own tokens and managers all (F28, F29)', async () => {
    const token = await api.token('bob');
    await using alice = await api.client('alice');
    await using max = await api.client('max');
    const jti = await jtiOf(token);
    await expect(alice.tokens.getToken({ jti })).rejects.toEqual(refused('NOT_FOUND'));
    expect((await max.tokens.getToken({ jti })).token?.login).toBe('bob');
    const own = await alice.tokens.listTokens({});
    expect(new Set(own.tokens.map(({ login }) => login))).toEqual(new Set(['alice']));
    expect(await alice.tokens.listTokens({ filter: { login: 'bob' } })).toMatchObject({
      tokens: [],
      totalSize: 0,
    });
    expect((await max.tokens.listTokens({ filter: { login: 'bob' } })).tokens).toHaveLength(1);
  });

  it('tells programs which role a method needs, and people what to do about it', async () => {
    await using alice = await api.client('alice');
    const error = await alice.tokens.verifyToken({ token: 'x' }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ reason: 'PERMISSION_DENIED', details: { requiredRole: 'manager' } });
    expect(explain(error).text).toMatch(/yours is user; whoever runs the server may add --local-admin$/);
  });

  it("lets users revoke their own tokens, managers others' too, and only administrators an administrator's", async () => {
    const jtis = { bob: await jtiOf(await api.token('bob')), ada: await jtiOf(await api.token('ada')) };
    await using alice = await api.client('alice');
    await using max = await api.client('max');
    await using ada = await api.client('ada');
    await expect(alice.tokens.revokeTokens({ selection: tokensById([jtis.bob]) })).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    await expect(alice.tokens.revokeTokens({ selection: tokensOfLogin('bob') })).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    await expect(max.tokens.revokeTokens({ selection: tokensById([jtis.bob, jtis.ada]) })).rejects.toEqual(
      refused('PERMISSION_DENIED'),
    );
    await expect(max.tokens.revokeTokens({ selection: tokensOfLogin('ada') })).rejects.toEqual(
      refused('PERMISSION_DENIED'),
    );
    expect(api.authority.isActive(jtis.bob) && api.authority.isActive(jtis.ada)).toBe(true);
    expect((await max.tokens.revokeTokens({ selection: tokensById([jtis.bob]) })).receipt?.jtis).toEqual([
      jtis.bob,
    ]);
    expect((await ada.tokens.revokeTokens({ selection: tokensById([jtis.ada]) })).receipt?.jtis).toEqual([
      jtis.ada,
    ]);
    await expect(ada.tokens.revokeTokens({ selection: tokensById([jtis.ada]) })).rejects.toEqual(
      refused('NOT_FOUND'),
    );
    await expect(ada.tokens.revokeTokens({})).rejects.toEqual(refused('INVALID_ARGUMENT'));
    for (const selection of [tokensById([]), tokensById(Array(1001).fill('x')), tokensOfLogin('')])
      await expect(ada.tokens.revokeTokens({ selection })).rejects.toEqual(refused('INVALID_ARGUMENT'));
  });

  it('answers a caller that revokes its own token', async () => {
    const token = await api.token('selma');
    await using client = await api.client(undefined, { token });
    const { receipt } = await client.tokens.revokeTokens({ selection: tokensById([await jtiOf(token)]) });
    expect(millisecondsOf(receipt?.duration)).toBeLessThan(2_000);
  });

  it("lists the logins with their tokens: the caller's own, or everyone's for managers (X7)", async () => {
    await api.token('lena', { linuxUser: 'lena', clientIp: '10.0.0.7', authMethod: 'ssh' });
    await using lena = await api.client('lena');
    await using max = await api.client('max');
    const own = {
      login: 'lena',
      tokens: 2,
      linuxUsers: ['lena'],
      authMethods: [AuthMethod.LINK, AuthMethod.SSH],
      sessions: 0,
      links: 0,
    };
    expect(await lena.tokens.listLogins({})).toMatchObject({ logins: [own], totalSize: 1 });
    const from = await max.tokens.listLogins({ filter: { text: '0.0.7' } });
    expect(from).toMatchObject({ logins: [own], totalSize: 1 });
    expect([...(from.logins[0]?.clientAddresses ?? [])].sort()).toEqual(['10.0.0.7', 'here']);
    expect(await lena.tokens.listLogins({ filter: { login: 'max' } })).toMatchObject({
      logins: [],
      totalSize: 0,
    });
    const most = await max.tokens.listLogins({ orderBy: 'tokens desc', pageSize: 1 });
    expect(most.totalSize).toBeGreaterThan(1);
    await api.revocation.revoke({ login: 'lena' }, 'revoked');
    expect(await max.tokens.listLogins({ filter: { login: 'lena' } })).toMatchObject({
      logins: [],
      totalSize: 0,
    });
  });

  it("watches the caller's own tokens only: a snapshot, its end, then changes", async () => {
    await api.token('wanda');
    await using client = await api.client('wanda');
    const events = client.tokens.watchTokens({})[Symbol.asyncIterator]();
    const first = [await next(events), await next(events), await next(events)].map(({ event }) => event);
    expect(first.map((event) => event?.$case)).toEqual(['token', 'token', 'snapshotDone']);
    await api.token('bob');
    const jti = await jtiOf(await api.token('wanda'));
    expect((await next(events)).event).toMatchObject({ $case: 'token', value: { jti, current: false } });
    await api.revocation.revoke({ jtis: [jti] }, 'revoked');
    expect((await next(events)).event).toEqual({ $case: 'removedJti', value: jti });
    await events.return?.();
  });

  it('watches changes only, without a snapshot', async () => {
    await api.token('wilma');
    await using client = await api.client('wilma');
    const events = client.tokens.watchTokens({ changesOnly: true })[Symbol.asyncIterator]();
    expect((await next(events)).event).toEqual({ $case: 'snapshotDone', value: {} });
    const jti = await jtiOf(await api.token('wilma'));
    expect((await next(events)).event).toMatchObject({ $case: 'token', value: { jti } });
    await events.return?.();
  });

  it('verifies a token for managers as a call does (VerifyToken)', async () => {
    await using max = await api.client('max');
    const token = await api.token('bob');
    expect(await max.tokens.verifyToken({ token })).toMatchObject({ active: true, token: { login: 'bob' } });
    expect(await max.tokens.verifyToken({ token: `${token}x` })).toMatchObject({
      active: false,
      reason: ErrorReason.TOKEN_INVALID,
    });
    await api.revocation.revoke({ login: 'bob' }, 'revoked');
    expect(await max.tokens.verifyToken({ token })).toMatchObject({
      active: false,
      reason: ErrorReason.TOKEN_NOT_ACTIVE,
    });
  });
});

describe('SystemService', () => {
  it('shows managers the activity, with refusals but without the refused token (X7)', async () => {
    const token = await api.token('gone', { clientIp: '10.9.9.9' });
    await using gone = await api.client(undefined, { token });
    await api.revocation.revoke({ login: 'gone' }, 'revoked');
    await expect(gone.auth.whoAmI({})).rejects.toEqual(refused('TOKEN_NOT_ACTIVE'));
    await using max = await api.client('max');
    const events = max.system.watchActivity({})[Symbol.asyncIterator]();
    const picture = await next(events);
    await events.return?.();
    expect(picture).toMatchObject({ serverUse: { pid: process.pid }, links: 0, sessions: 0 });
    expect(picture.tokens).toBeGreaterThanOrEqual(picture.logins);
    expect(picture.logins).toBeGreaterThan(1);
    const sums = (name: 'logins' | 'calls' | 'revocations' | 'refusals'): number =>
      picture.minutes.reduce((sum, minute) => sum + minute[name], 0);
    for (const name of ['logins', 'calls', 'revocations', 'refusals'] as const)
      expect(sums(name)).toBeGreaterThan(0);
    const method = 'latchkey.v1.AuthService/WhoAmI';
    const refusal = picture.refusals.find(
      (one) => one.rpc === method && one.reason === ErrorReason.TOKEN_NOT_ACTIVE,
    );
    expect(refusal).toMatchObject({ kind: RefusalKind.CALL, login: '', source: '127.0.0.1' });
    expect(JSON.stringify(picture)).not.toContain(token.slice(0, 40));
  });

  it('shows the activity to managers only', async () => {
    await using wanda = await api.client('wanda');
    const events = wanda.system.watchActivity({})[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toEqual(refused('PERMISSION_DENIED'));
  });

  it('counts tokens for callers who see all, and shows its settings to administrators', async () => {
    await using quiet = await ServedApi.start({ admins: ['ada'], managers: ['max'] });
    await using ada = await quiet.client('ada');
    const { SELF } = ServerMode;
    expect(await ada.system.getInfo({})).toMatchObject({ serverId: SERVER_ID, mode: SELF, tokens: 1 });
    expect((await ada.system.getInfo({})).settings).toEqual({ 'log.level': 'info' });
    await using bob = await quiet.client('bob');
    expect(await bob.system.getInfo({})).toMatchObject({ tokens: 0, nodeVersion: process.versions.node });
    expect((await bob.system.getInfo({})).settings).toEqual({});
    await using max = await quiet.client('max');
    const { tokens, settings } = await max.system.getInfo({});
    expect([tokens, settings]).toEqual([3, {}]);
  });
});

describe('a token that is revoked or expires', () => {
  it('ends its streams before the receipt is returned (F3)', async () => {
    await using client = await api.client('eve');
    const watches = [client.tokens.watchTokens({}), client.tokens.watchTokens({})].map((watch) =>
      watch[Symbol.asyncIterator](),
    );
    for (const watch of watches) {
      await next(watch);
      await next(watch);
    }
    const ends = watches.map(async (watch) => {
      while (!(await watch.next()).done);
    });
    const outcomes = Promise.allSettled(ends);
    const begunMs = performance.now();
    await api.revocation.revoke({ login: 'eve' }, 'revoked');
    expect(performance.now() - begunMs).toBeLessThan(2_000);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: refused('TOKEN_NOT_ACTIVE') });
    }
  });

  it('ends its streams when it expires (F32)', async () => {
    const token = await api.token('tim', { expiresAtMs: Math.ceil(Date.now() / 1000) * 1000 + 1000 });
    await using client = await api.client(undefined, { token });
    const drain = async (): Promise<void> => {
      for await (const _ of client.tokens.watchTokens({}));
    };
    await expect(drain()).rejects.toEqual(refused('TOKEN_EXPIRED'));
    expect(Date.now()).toBeGreaterThanOrEqual(
      (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }).exp *
        1000,
    );
  });
});

describe('LinkService', () => {
  it('registers links under the uid that the kernel reports (F22)', async () => {
    await using client = await api.client();
    expect(await client.links.registerLink({ socket: 's', daemon: true, sessionId: 'x' })).toEqual({
      jti: 'made',
    });
    expect(registered).toEqual([[{ socket: 's', daemon: true, sessionId: 'x' }, ownUid]]);
  });

  it("hides other users' links from users, and the cause of an internal error from everyone", async () => {
    await using alice = await api.client('alice');
    expect(await alice.links.listLinks({ filter: { linuxUser: 'bob' } })).toMatchObject({
      links: [],
      totalSize: 0,
    });
    await using max = await api.client('max');
    const error = (await max.links.listLinks({}).catch((caught: unknown) => caught)) as AppError;
    expect(error).toMatchObject({ reason: 'INTERNAL' });
    expect(error.message).not.toContain('secret');
    const requestId = error.details.requestId ?? 'none';
    expect(api.logged.find((line) => line.includes(requestId))).toContain('the secret cause');
  });
});
