/** A host that admits nobody, by nologin(5): everybody is told its text, and nothing counts. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alice, type Finished, mallory, root, service } from '../../support/account.ts';
import { install, RUN_FOLDER } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { type SshdOptions, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2271;
const PASSWORD = 'Correct horse 15';
const TEXT = 'Closed for repairs\x1b[31m\n\n   until Monday.\n';
const TOLD = String.raw`Closed for repairs\x1b[31m until Monday.`;
const PACKAGED_PAM = join(import.meta.dirname, '../../../build/package/pam');
const FILE = '/etc/nologin';

let daemon: TestDaemon;
let sshd: TestSshd | undefined;

beforeAll(async () => {
  install();
  copyFileSync(PACKAGED_PAM, '/etc/pam.d/latchkey');
  setPasswords({ alice: PASSWORD, mallory: PASSWORD });
  const ssh = { host: '127.0.0.1', port: PORT, host_keys: '/mnt/sshd-*/hostkey.pub' };
  daemon = await TestDaemon.start({ as: service, run: RUN_FOLDER, config: { login: { ssh } } });
});
beforeEach(() => writeFileSync(FILE, TEXT));
afterEach(async () => {
  rmSync(FILE, { force: true });
  rmSync('/run/nologin', { force: true });
  await sshd?.[Symbol.asyncDispose]();
});
afterAll(async () => daemon?.[Symbol.asyncDispose]());

function login(password = PASSWORD): Promise<Finished> {
  const options = { input: `${password}\n` };
  return daemon.cli(mallory, ['login', '--answers-stdin', '--', 'mallory@'], options);
}

describe('a login to a host that admits nobody', needs('world', 'sshd'), () => {
  const ways: [string, SshdOptions][] = [
    ['PAM, by prompts', {}],
    ['PAM, by the method password', { lines: ['KbdInteractiveAuthentication no'] }],
    ['PAM, before any prompt', { service: `auth requisite pam_nologin.so\n${pamUnix()}` }],
    ['sshd itself', { lines: ['UsePAM no'] }],
  ];

  test.each(ways)('of which %s says so is told the text, and nothing counts', async (_way, options) => {
    sshd = await TestSshd.start(PORT, options);
    for (let time = 0; time < 5; time += 1) {
      const { status, stdout, stderr } = await login();
      expect({ status, stdout, stderr }, daemon.log + sshd.log).toEqual({
        status: 4,
        stdout: '',
        stderr: `latchkey: the host admits nobody at present: ${TOLD}\n`,
      });
    }
    rmSync(FILE);
    expect((await login()).status).toBe(0);
  });

  test('still refuses a wrong password like any other', async () => {
    sshd = await TestSshd.start(PORT);
    const said = await login('guess');
    expect(said).toMatchObject({ status: 3, stderr: 'Login refused; try again:\nlatchkey: login refused\n' });
  });

  test('is told of a file without text, and of one that systemd puts there', async () => {
    sshd = await TestSshd.start(PORT);
    writeFileSync(FILE, '');
    expect((await login()).stderr).toMatch(/admits nobody at present: it is closed for logins \(nologin\)/);
    rmSync(FILE);
    writeFileSync('/run/nologin', 'System is booting up.\n');
    expect((await login()).stderr).toMatch(/admits nobody at present: System is booting up\.$/m);
  });
});

describe('a link on a host that admits nobody', needs('world', 'sshd', 'sudo'), () => {
  const refusal = `account alice may not be used now: ${TOLD}`;

  test('by hand is told the text', async () => {
    for (const argv of [['link'], ['link', '--daemon']]) {
      const { status, stderr } = await daemon.cli(alice, argv);
      expect(status).toBe(argv.length === 1 ? 4 : 1);
      expect(stderr).toBe(`latchkey link: ${refusal}\n`);
    }
  });

  test('for a start is told the text, and starts once the host is open', async () => {
    rmSync(FILE);
    sshd = await TestSshd.start(PORT);
    const options = { input: `${PASSWORD}\n` };
    expect((await daemon.cli(alice, ['login', '--answers-stdin'], options)).status).toBe(0);
    for (const { socket } of await daemon.as(root).links('--local-admin', '--user', 'alice'))
      await daemon.cli(root, ['links', 'stop', socket, '--local-admin']);
    writeFileSync(FILE, TEXT);
    const { status, stderr } = await daemon.cli(alice, ['start', '--', 'id', '-un']);
    expect({ status, stderr }, daemon.log).toEqual({
      status: 255,
      stderr:
        `latchkey: alice has no link daemon on this host and may have none: ${refusal}; ` +
        'try again later, or ask the administrator\n',
    });
    rmSync(FILE);
    const again = async (): Promise<string> => (await daemon.cli(alice, ['start', '--', 'id', '-un'])).stdout;
    await expect.poll(again, { timeout: 20_000 }).toBe('alice\n');
  });
});

function pamUnix(): string {
  return ['auth', 'account', 'session'].map((phase) => `${phase} required pam_unix.so\n`).join('');
}
