/** A reload changes how people log in: which methods there are, and which sshd checks their passwords. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { alice, type Finished, mallory } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2213;
const CLOSED_PORT = 2214;
const PASSWORD = 'Correct horse 5';

test('a reload changes the login methods and the sshd that they use', needs('world', 'sshd'), async () => {
  setPasswords({ alice: PASSWORD });
  await using sshd = await TestSshd.start(PORT);
  const closed = { ...sshd.settings, port: CLOSED_PORT };
  await using daemon = await TestDaemon.start({ config: { login: { ssh: closed } } });
  expect((await login(daemon)).stderr).toContain('cannot use sshd');

  await reload(daemon, { ssh: sshd.settings });
  expect(await login(daemon)).toMatchObject({ status: 0 });

  await reload(daemon, { ssh: sshd.settings, methods: ['link'] });
  expect((await login(daemon)).stderr).toBe('latchkey: the server has no such login method now: ssh\n');

  await reload(daemon, { ssh: sshd.settings, methods: ['ssh'] });
  expect(await login(daemon)).toMatchObject({ status: 0 });
  expect((await daemon.cli(mallory, ['link'])).stderr).toContain('does not allow starting links by hand');
});

function login(daemon: TestDaemon): Promise<Finished> {
  const argv = ['login', '--method', 'ssh', '--answers-stdin'];
  return daemon.cli(alice, argv, { input: `${PASSWORD}\n` });
}

async function reload(daemon: TestDaemon, login: object): Promise<void> {
  const config = parse(readFileSync(daemon.configFile, 'utf8')) as object;
  writeFileSync(daemon.configFile, stringify({ ...config, login }));
  const reloads = (): number => daemon.log.split('the configuration was reloaded').length;
  const before = reloads();
  process.kill(daemon.pid, 'SIGHUP');
  await expect.poll(reloads).toBeGreaterThan(before);
}
