import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVER_ID, ServedApi } from '../../../test/support/server/served-api.ts';
import { Role } from '../../generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

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
    await expect(nobody.auth.whoAmI({})).rejects.toMatchObject({ reason: 'NOT_LOGGED_IN' });
  });

  it('logs out this token, then all, each with a receipt (F30, X2)', async () => {
    const token = await api.token('lara');
    await using here = await api.client(undefined, { token });
    await using there = await api.client('lara');
    expect((await here.auth.logout({})).receipt?.jtis).toHaveLength(1);
    await expect(here.auth.whoAmI({})).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await api.token('lara');
    expect((await there.auth.logout({ everywhere: true })).receipt?.jtis).toHaveLength(2);
    await expect(there.auth.whoAmI({})).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
  });

  it("lets a link daemon's token end only itself", async () => {
    await api.token('dora');
    const token = await api.token('dora', { authMethod: 'link-daemon' });
    await using client = await api.client(undefined, { token });
    await client.auth.whoAmI({});
    await expect(client.tokens.listTokens({})).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
    await expect(client.auth.logout({ everywhere: true })).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
    });
    expect((await client.auth.logout({})).receipt?.jtis).toHaveLength(1);
  });
});
