import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { Memory } from '../../../test/support/terminal/memory-io.ts';
import { runCli } from '../main.ts';

it('draws at most ten times a second however much changes, and the complete list in the end', async () => {
  await using api = await ServedApi.start({ admins: ['root'] });
  const env = {
    HOME: api.folder,
    LATCHKEY_SERVER: api.address,
    LATCHKEY_CA: join(api.folder, 'pki', 'ca.pem'),
    LATCHKEY_TOKEN: await api.token('root'),
  };
  const stdin = Object.assign(new Readable({ read: () => {} }), { isTTY: true });
  const stdout = new Memory(true);
  const stderr = new Memory(true);
  const ended = runCli(['tokens', '--watch'], { stdin, stdout, stderr, env, now: Date.now });
  const drawings = (): number => stdout.text.split('\u001b[?2026h').length - 1;
  await expect.poll(drawings, { timeout: 10_000 }).toBeGreaterThan(0);
  const before = drawings();
  const beganMs = performance.now();
  for (let at = 0; at < 100; at += 1) {
    await api.token('alice');
    await delay(10);
  }
  await expect.poll(() => stdout.text, { timeout: 10_000 }).toContain('22 of 101 tokens');
  const tenths = (performance.now() - beganMs) / 100;
  expect(drawings() - before).toBeGreaterThan(3);
  expect(drawings() - before).toBeLessThanOrEqual(tenths + 1);
  stdin.push('q');
  expect(await ended).toBe(0);
});
