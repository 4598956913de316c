import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { tokensById, tokensOfLogin } from '../../client/token-selection.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import { explain } from '../../terminal/failure.ts';
import { millisecondsOf } from '../../values/duration.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start({ admins: ['ada'], managers: ['max'] });
});
afterAll(() => api[Symbol.asyncDispose]());

async function jtiOf(token: string): Promise<string> {
  return (await api.authority.verify(token)).jti;
}

/** Returns the next event of a watch. */
async function next<Event>(events: AsyncIterator<Event>): Promise<Event> {
  return (await events.next()).value as Event;
}

describe('TokenService', () => {
  it('shows users their own tokens and managers all (F28, F29)', async () => {
    const token = await api.token('bob');
    await using alice = await api.client('alice');
    await using max = await api.client('max');
    const jti = await jtiOf(token);
    await expect(alice.tokens.getToken({ jti })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
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
    await expect(alice.tokens.revokeTokens({ selection: tokensById([jtis.bob]) })).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    });
    await expect(alice.tokens.revokeTokens({ selection: tokensOfLogin('bob') })).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    });
    await expect(
      max.tokens.revokeTokens({ selection: tokensById([jtis.bob, jtis.ada]) }),
    ).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
    await expect(max.tokens.revokeTokens({ selection: tokensOfLogin('ada') })).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
    });
    expect(api.authority.isActive(jtis.bob) && api.authority.isActive(jtis.ada)).toBe(true);
    expect((await max.tokens.revokeTokens({ selection: tokensById([jtis.bob]) })).receipt?.jtis).toEqual([
      jtis.bob,
    ]);
    expect((await ada.tokens.revokeTokens({ selection: tokensById([jtis.ada]) })).receipt?.jtis).toEqual([
      jtis.ada,
    ]);
    await expect(ada.tokens.revokeTokens({ selection: tokensById([jtis.ada]) })).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    });
    await expect(ada.tokens.revokeTokens({})).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    for (const selection of [tokensById([]), tokensById(Array(1001).fill('x')), tokensOfLogin('')])
      await expect(ada.tokens.revokeTokens({ selection })).rejects.toMatchObject({
        reason: 'INVALID_ARGUMENT',
      });
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

  it('lists everyone who ever logged in for managers, and for others only themselves (F28)', async () => {
    await api.token('gone', { linuxUser: 'gone' });
    await api.token('stays');
    await api.revocation.revoke({ login: 'gone' }, 'revoked');
    await using max = await api.client('max');
    const { logins } = await max.tokens.listLogins({ everyone: true });
    const known = { login: 'gone', tokens: 0, linuxUsers: ['gone'], authMethods: [] };
    expect(logins.find(({ login }) => login === 'gone')).toMatchObject(known);
    const [found] = (await max.tokens.listLogins({ everyone: true, filter: { login: 'gone' } })).logins;
    expect(found?.newestIssuedAt).toBeInstanceOf(Date);
    expect(logins.find(({ login }) => login === 'stays')).toMatchObject({ tokens: 1 });
    await using stays = await api.client('stays');
    for (const filter of [{}, { login: 'gone' }, { text: 'gone' }]) {
      const own = await stays.tokens.listLogins({ everyone: true, filter });
      expect(own.logins.map(({ login }) => login)).toEqual(Object.keys(filter).length === 0 ? ['stays'] : []);
    }
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
