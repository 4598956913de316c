/**
 * Accounts as they are now (X10): one that is locked, expired, without a shell, gone or somebody else's
 * starts nothing, also through a link that runs since before; and it loses its logins.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alice, mallory, type Run, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords } from '../../support/ssh/sshd.ts';

const FILES = ['/etc/passwd', '/etc/shadow'];
const NEW_UID = 7999;

let daemon: TestDaemon;

/** Changes mallory's line of /etc/passwd. */
function rewrite(change: (line: string) => string): void {
  const text = readFileSync('/etc/passwd', 'utf8');
  writeFileSync('/etc/passwd', text.replace(/^mallory:.*\n/m, change));
}

const changes: [string, () => void, RegExp][] = [
  ['locked', () => execFileSync('usermod', ['--lock', 'mallory']), /it is locked/],
  ['expired', () => execFileSync('chage', ['--expiredate', '0', 'mallory']), /it has expired/],
  [
    'without a login shell',
    () => execFileSync('usermod', ['-s', '/usr/sbin/nologin', 'mallory']),
    /no login shell/,
  ],
  ['deleted', () => rewrite(() => ''), /it does not exist/],
  [
    'given another uid',
    () => rewrite((line) => line.replace(`:${mallory.uid}:`, `:${NEW_UID}:`)),
    /it has uid 7999 now/,
  ],
  [
    'deleted, and its uid given to somebody else',
    () => rewrite((line) => line.replace(/^mallory:/, 'newbie:')),
    /its uid belongs to newbie now/,
  ],
];

describe('an account that has been', needs('world'), () => {
  let before: string[];
  beforeAll(async () => {
    setPasswords({ mallory: 'Correct horse 8' });
    daemon = await TestDaemon.start();
  });
  beforeEach(() => {
    before = FILES.map((path) => readFileSync(path, 'utf8'));
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.each(changes)('%s starts nothing, and loses its logins (X10)', async (_, change, why) => {
    const link = await daemon.link(mallory);
    const id = (await daemon.cli(mallory, ['start', '--detach', '--', 'sleep', '1000'])).stdout.trim();
    try {
      change();
      const refused = await daemon.cli(mallory, ['start', '--', 'echo', 'ran']);
      expect(refused).toMatchObject({ status: 255, stdout: '', stderr: expect.stringMatching(why) });
      await endedLogins(link, id, why);
      expect((await daemon.cli(mallory, ['whoami'])).status).toBe(3);
    } finally {
      for (const [at, path] of FILES.entries()) writeFileSync(path, before[at] ?? '');
      await daemon.cli(root, ['sessions', 'end', id]);
    }
    await daemon.link(alice); // others are not affected
  });
});

/** Reloads the server, which looks at all accounts then; resolves when it has ended mallory's logins. */
async function endedLogins(link: Run, sessionId: string, why: RegExp): Promise<void> {
  process.kill(daemon.pid, 'SIGHUP');
  await link.finished;
  const told = (): string | undefined =>
    daemon.log.split('\n').find((line) => line.includes('"event":"account"') && line.includes(sessionId));
  await expect.poll(told).toBeDefined();
  const { why: said, ...who } = JSON.parse(told() ?? '');
  expect(who).toMatchObject({ linuxUser: 'mallory', uid: mallory.uid, running: [sessionId] });
  expect(said).toMatch(why);
}
