/** The local administrator needs no login, and always has a valid token. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { administrator } from '../../support/account.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

test('a local token that is revoked is replaced at once (A8)', async () => {
  await using daemon = await TestDaemon.start();
  const tokenFile = (): string => readFileSync(join(daemon.runFolder, 'token'), 'utf8');
  const before = tokenFile();
  const { jti } = await daemon.as(administrator).token('--local-admin');
  expect((await daemon.cli(administrator, ['tokens', 'revoke', jti, '--local-admin'])).status).toBe(0);
  await expect.poll(tokenFile, { timeout: 10_000 }).not.toBe(before);
  expect((await daemon.cli(administrator, ['whoami', '--local-admin'])).status).toBe(0);
  const old = await daemon.cli(administrator, ['whoami'], { env: { LATCHKEY_TOKEN: before.trim() } });
  expect(old.status).toBe(3);
});
