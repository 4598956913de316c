import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { AppError } from '../../errors.ts';
import { configFolder } from '../../system/xdg.ts';
import { serverFolder, writeCa, writeToken } from '../find/server-folder.ts';
import { ReconnectingClient } from './reconnecting-client.ts';

const home = mkdtempSync(join(tmpdir(), 'latchkey-home-'));
const env = { HOME: home };
afterAll(() => rmSync(home, { recursive: true }));

/** Connects as somebody who is logged in there. */
async function mean(api: ServedApi): Promise<void> {
  const folder = serverFolder(env, home, api.address);
  writeCa(folder, api.pki.caPem);
  writeToken(folder, await api.token('alice'));
  mkdirSync(configFolder(env, home), { recursive: true });
  writeFileSync(join(configFolder(env, home), 'client.yaml'), `server: ${api.address}\n`);
}

const away = new AppError('UNREACHABLE', 'no server answers');
const over = new AppError('TOKEN_NOT_ACTIVE', 'the token is not active');

it('closes its connection when it is disposed of', async () => {
  await using server = await ServedApi.start({ serverId: 'this-server' });
  await mean(server);
  const lasting = await ReconnectingClient.connect({ env });
  const { client } = lasting;
  await lasting[Symbol.asyncDispose]();
  await expect(client.auth.whoAmI({})).rejects.toThrow(/shut down/);
});

it('reconnects to the same server, and never to another with the same login', async () => {
  await using server = await ServedApi.start({ serverId: 'this-server' });
  await using other = await ServedApi.start({ serverId: 'other-server' });
  await mean(server);
  await using lasting = await ReconnectingClient.connect({ env });
  const { client } = lasting;
  await mean(other);
  expect(await lasting.reconnect(away)).toBe(false);
  expect(await lasting.reconnect(over)).toBe(false);
  expect(lasting.client).toBe(client);
  await mean(server);
  expect(await lasting.reconnect(over)).toBe(true);
  expect((await lasting.client.auth.whoAmI({})).token?.serverId).toBe('this-server');
});
