/**
 * The package on a host with systemd: who was refused is in the journal with the address of the other host,
 * and what users write to the journal is never taken for it. The doctor knows what logind does at the last
 * logout.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, latchkey } from '../../support/account.ts';
import { type Base, BootedSystem, bootable } from '../../support/host/booted-system.ts';
import { givePackage, trust } from '../../support/host/packaged-system.ts';
import { missing, skippedFor } from '../../support/needs.ts';

const PASSWORD = 'Tr0ub4dor and more';
const HERE = '10.77.0.1';
const ELSEWHERE = '203.0.113.66';
const FILTER = join(import.meta.dirname, '../../../build/package/fail2ban.conf');
const lacking = missing('world', 'fail2ban');
const base: Base = lacking ? { missing: lacking } : bootable();

let system: BootedSystem;

interface Line {
  readonly event?: string;
  readonly from?: string;
  readonly sshFrom?: string;
}

describe('the package on a host with systemd', { ...skippedFor(base.missing), timeout: 300_000 }, () => {
  beforeAll(async () => {
    if (base.folder === undefined) return;
    system = await BootedSystem.boot(base.folder);
    await system.sh(
      `useradd --create-home --shell /bin/bash alice
      printf '%s\\n' "alice:$1" | chpasswd
      dpkg --install "$2"`,
      PASSWORD,
      givePackage(system),
    );
    await trust(system, alice);
  }, 300_000);
  afterAll(() => system?.[Symbol.asyncDispose]());

  test('logs a guess with the address of the other host, and with the one that sshd has logged', async () => {
    expect((await login('guess')).status).toBe(3);
    const [line, ...others] = (await lines()).filter(({ event }) => event === 'refused');
    expect(others).toEqual([]);
    expect(line).toMatchObject({ from: HERE, outcome: 'refused', login: 'alice', source: HERE });
    expect(await system.sh('journalctl --unit ssh -o cat')).toContain(
      `Failed password for alice from ${line?.sshFrom} port`,
    );
  });

  test('lets fail2ban count that guess in the journal, and nothing that users write there', async () => {
    expect((await login(PASSWORD)).status).toBe(0);
    const refused = `"event":"refused","from":"${ELSEWHERE}","outcome":"refused"`;
    const forged = `{"level":"warn","time":"2026-11-29T08:46:06.123Z",${refused},"msg":"login refused"}`;
    const write = 'printf "%s\\n" "$1" | systemd-cat --identifier=latchkey; logger --tag latchkey "$1"';
    expect((await far(['start', '--', 'sh', '-c', write, 'sh', forged])).status).toBe(0);
    // What alice has written is in the same unit.
    await expect.poll(() => system.sh('journalctl --unit latchkey -o cat')).toContain(ELSEWHERE);
    const found = await counted();
    expect([...new Set(found)]).toEqual([HERE]);
  });

  test('has a doctor that says what logind takes at the last logout', async () => {
    const warnings = async (): Promise<string[]> => {
      const { stdout } = await system.try('latchkey doctor --json');
      const found: { check: string; status: string; summary: string }[] = JSON.parse(stdout).findings;
      return found
        .filter(({ check, status }) => check === 'logind' && status === 'warning')
        .map((one) => one.summary);
    };
    const logind = (lines: string): Promise<string> =>
      system.sh(
        `mkdir -p /etc/systemd/logind.conf.d
        printf '[Login]\\n%s\\n' "$1" >/etc/systemd/logind.conf.d/test.conf
        systemctl restart systemd-logind`,
        lines,
      );
    await logind('RemoveIPC=no');
    expect(await warnings()).toEqual([]);
    await logind('RemoveIPC=no\nKillUserProcesses=yes');
    expect(await warnings()).toEqual([]); // links that sudo starts are not logind's
    await system.sh('echo "links: { sudo: false }" >/etc/latchkey/config.yaml');
    expect(await warnings()).toEqual([
      expect.stringMatching(/^logind kills the link .*KillUserProcesses=yes/),
    ]);
    await logind('RemoveIPC=yes');
    expect(await warnings()).toEqual([
      expect.stringMatching(/shared memory.*XDG_RUNTIME_DIR.*RemoveIPC=yes/),
    ]);
  });
});

/** Runs a command of alice on this host. */
function far(argv: string[], input?: string): Promise<Finished> {
  const env = { LATCHKEY_SERVER: `${system.address}:7300` };
  return latchkey(alice, argv, { env, ...(input !== undefined && { input }) }).finished;
}

function login(password: string): Promise<Finished> {
  return far(['login', '--answers-stdin', 'alice@'], `${password}\n`);
}

async function lines(): Promise<Line[]> {
  const text = await system.sh('journalctl --unit latchkey -o cat');
  return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
}

/** Runs fail2ban-regex on a copy of the system's journal; returns the addresses that it would count. */
async function counted(): Promise<string[]> {
  const packed =
    'journalctl --sync; cd /var/log/journal 2>/dev/null || cd /run/log/journal; tar -cz . | base64';
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    execFileSync('tar', ['-xz', '-C', folder], { input: Buffer.from(await system.sh(packed), 'base64') });
    const argv = ['--out', 'ip', `systemd-journal[journalpath='${folder}']`, FILTER];
    return execFileSync('fail2ban-regex', argv, { encoding: 'utf8' }).split('\n').filter(Boolean);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
