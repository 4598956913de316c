/** The clients that the documentation shows, run as they are written there. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice } from '../../support/account.ts';
import { onlyFence } from '../../support/markdown.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const clone = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

describe('the documentation', needs('world'), () => {
  let daemon: TestDaemon;
  /** Has `ca.pem` and `token` of alice's login in it. */
  let folder: string;

  beforeAll(async () => {
    daemon = await TestDaemon.start({ config: { api: { listen: '127.0.0.1:7300' } } });
    await daemon.link(alice);
    folder = mkdtempSync('/mnt/client-');
    const kept = join(alice.home, '.config/latchkey/servers/127.0.0.1_7300');
    for (const name of ['ca.pem', 'token']) copyFileSync(join(kept, name), join(folder, name));
  });

  afterAll(async () => {
    if (folder) rmSync(folder, { recursive: true });
    await daemon?.[Symbol.asyncDispose]();
  });

  test('has a client on the front page that starts a program as its user and prints its output (X8)', async () => {
    const client = onlyFence(readFileSync(join(clone, 'README.md'), 'utf8'), 'js');
    const argv = ['localhost:7300', join(folder, 'ca.pem'), join(folder, 'token')];
    const running = run(process.execPath, ['--input-type=module', '-', ...argv], { cwd: clone, env: {} });
    running.child.stdin?.end(client);
    expect(await running).toEqual({ stdout: 'alice\n', stderr: '' });
  });

  test('has a buf command that calls WhoAmI', async () => {
    const command = onlyFence(readFileSync(join(clone, 'proto/README.md'), 'utf8'), 'sh');
    const PATH = `${join(clone, 'node_modules/.bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
    const { stdout } = await run('sh', ['-ec', command], { cwd: folder, env: { HOME: folder, PATH } });
    expect(JSON.parse(stdout)).toMatchObject({ token: { login: 'alice', current: true }, role: 'ROLE_USER' });
  });
});
