/** CPU time and memory of sessions are in lists, while they run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;

describe('the usage of sessions', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('is listed while they run, and not any more when they have ended (X7)', async () => {
    const started = await daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', 'while :; do :; done']);
    const id = started.stdout.trim();
    const used = async (): Promise<number> => (await daemon.as(alice).session(id)).cpuMilliseconds ?? 0;
    await expect.poll(used, { timeout: 20_000 }).toBeGreaterThan(100);
    const [listed] = await daemon.as(alice).sessions();
    expect(listed?.memoryBytes).toBeGreaterThan(100 * 1024);
    expect((await daemon.cli(alice, ['sessions'])).stdout).toMatch(
      / CPU +MEMORY +COMMAND\n.* (s|min) +[\d.]+ [KM]iB +sh /,
    );
    expect((await daemon.cli(alice, ['sessions', 'show', id])).stdout).toMatch(/^CPU time +[\d.]+ (s|min)$/m);
    await daemon.as(alice).endSession(id, '--grace', '0');
    expect(await daemon.as(alice).session(id)).toMatchObject({ cpuMilliseconds: null, memoryBytes: null });
  });
});
