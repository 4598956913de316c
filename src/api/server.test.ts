import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVER_ID, ServedApi } from '../../test/support/served-api.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start({ admins: ['ada'], managers: ['max'] });
});
afterAll(async () => {
  console.log(api.logged.join(''));
  await api[Symbol.asyncDispose]();
});

describe('the control API', () => {
  it('tells anybody how to check it', async () => {
    await using client = await api.client();
    const keys = await client.auth.getKeys({});
    expect(keys.serverId).toBe(SERVER_ID);
    expect(keys.ca).toBe(api.pki.caPem);
    expect(JSON.parse(keys.jwks)).toEqual(api.authority.jwks());
    expect((await client.auth.listMethods({})).methods.map(({ name }) => name)).toEqual(['link']);
  });
  it('tells who one is', async () => {
    await using client = await api.client('alice');
    const { token, role } = await client.auth.whoAmI({});
    expect(role).toBe('user');
    expect(token).toMatchObject({ login: 'alice', current: true, serverId: SERVER_ID });
  });
  it('refuses', async () => {
    await using client = await api.client();
    await expect(client.auth.whoAmI({})).rejects.toMatchObject({ reason: 'NOT_LOGGED_IN' });
  });
});
