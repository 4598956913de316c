import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVER_ID, ServedApi } from '../../../test/support/server/served-api.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import { RefusalKind, ServerMode, type WatchActivityResponse } from '../../generated/latchkey/v1/system.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start({ admins: ['ada'], managers: ['max'] });
});
afterAll(() => api[Symbol.asyncDispose]());

describe('SystemService', () => {
  it('shows managers the activity, with refusals but without the refused token (X7)', async () => {
    await api.token('bob');
    const token = await api.token('gone', { clientIp: '10.9.9.9' });
    await using gone = await api.client(undefined, { token });
    await api.revocation.revoke({ login: 'gone' }, 'revoked');
    await expect(gone.auth.whoAmI({})).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await using max = await api.client('max');
    const events = max.system.watchActivity({})[Symbol.asyncIterator]();
    const picture = (await events.next()).value as WatchActivityResponse;
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
    await expect(events.next()).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
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
