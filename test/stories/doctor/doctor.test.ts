/** `latchkey doctor` on a host without problems, for root and for other users. */
import { createHash } from 'node:crypto';
import { globSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, mallory, root, runAs } from '../../support/account.ts';
import { ExaminedHost, type Finding } from '../../support/host/doctor.ts';
import { RUN_FOLDER } from '../../support/host/installed.ts';
import { missing, needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const PORT = 2211;

let host: ExaminedHost;

beforeAll(async () => {
  host = await ExaminedHost.start(PORT);
});
afterAll(() => host?.[Symbol.asyncDispose]());

describe('the doctor on a host without problems', needs('world', 'sudo', 'sshd'), () => {
  test('finds no problem, and says what it could not check', async () => {
    const examined = await host.examine();
    expect(examined.findings.filter(({ status }) => status === 'problem')).toEqual([]);
    expect(examined.status).toBe(0);
    expect([...new Set(examined.findings.map(({ check }) => check))]).toEqual([
      ...['configuration', 'daemon', 'links', 'folders', 'files', 'certificates', 'database'],
      ...['disk', 'sshd', 'logind', 'users', 'pam', 'sudo', 'cgroups', 'clock'],
    ]);
    expect(examined.of('database')).toEqual([
      {
        status: 'skipped',
        summary: 'the server has it open, so its integrity was not checked',
        remedy: 'stop the server, latchkey doctor, latchkey serve: links and sessions keep running',
      },
    ]);
    // The disk and the clock are the machine's; cgroups are tested below.
    const ours = examined.findings.filter(({ check }) => !/database|disk|clock|cgroups/.test(check));
    expect(ours.filter(({ status, remedy }) => status !== 'ok' || remedy !== null)).toEqual([]);
  });

  test('prints a line for each finding, its remedy below, a total, and no colour into a pipe', async () => {
    const { status, stdout, stderr } = await host.doctor();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines.slice(-3).join('\n')).toMatch(/^\n\d+ ok(, \d warnings?)?, 1 skipped\.\n$/);
    for (const line of lines.slice(0, -3)) {
      expect(line).toMatch(/^((ok|warning|skipped) +[a-z]+ +| +→ )\S/);
      expect(line.slice(0, 24)).toMatch(/^(.{7} {2}.{13} {2}| {24})$/);
      expect(line.slice(24)).toMatch(/^(→ )?\S/);
    }
    expect(stdout).not.toContain('\x1b');
  });

  test('changes nothing, whether the server runs or has been killed', async () => {
    const TMPDIR = '/mnt/tmp';
    mkdirSync(TMPDIR);
    const folders = [host.daemon.stateFolder, RUN_FOLDER, '/etc'];
    const running = marks(folders);
    await host.doctor();
    expect(marks(folders)).toEqual(running);
    await host.daemon.end('SIGKILL');
    const killed = marks(folders);
    expect((await host.examine({ TMPDIR })).of('database')).toEqual([]);
    expect(marks(folders)).toEqual(killed);
    expect(readdirSync(TMPDIR)).toEqual([]);
    await host.daemon.serve();
  });

  test('says whether the cgroups are delegated to the server', needs('cgroups'), async () => {
    const found = (await host.examine()).findings.find(({ check }) => check === 'cgroups');
    expect(found?.summary).toMatch(/^\/(.*\/)?latchkey-test-[\d-]+ is the server's own/);
    expect(found?.status).toBe(missing('controllers') ? 'warning' : 'ok');
    if (missing('controllers')) expect(found?.remedy).toMatch(/^let this host have .*cgroup\.controllers/);
  });
});

/** Returns type, mode, owner, time and content of everything in `folders`. */
function marks(folders: readonly string[]): string[] {
  const paths = folders.flatMap((folder) => [
    folder,
    ...globSync('**', { cwd: folder }).map((name) => join(folder, name)),
  ]);
  return paths.toSorted().map((path) => {
    const entry = lstatSync(path);
    const content = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    return [path, entry.mode, entry.uid, entry.gid, entry.mtimeMs, entry.ino, content].join(' ');
  });
}

describe('the doctor', needs('world', 'sudo', 'sshd'), () => {
  test('reports an invalid configuration as the only finding, with status 78', async () => {
    const file = '/mnt/bad.yaml';
    writeFileSync(file, 'sesions: {}\n');
    const { status, stdout } = await runAs(root, [program(), 'doctor', '--json', '--config', file]).finished;
    expect({ status, ...JSON.parse(stdout) }).toEqual({
      status: 78,
      findings: [
        {
          check: 'configuration',
          status: 'problem',
          summary: '/mnt/bad.yaml:1: unknown key "sesions"',
          remedy: 'Did you mean sessions? Remove or rename it',
        },
      ],
    });
  });

  test('ends with 2 for wrong usage, and with 141 when nobody reads its output', async () => {
    const wrong = await host.doctor(['--jsn']);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^latchkey: .*; see latchkey doctor --help\n$/);
    const gone = `"$0" doctor --config "$1" | true; echo "$\{PIPESTATUS[0]}"`;
    const { stdout, stderr } = await runAs(root, [...['bash', '-c', gone, program()], host.daemon.configFile])
      .finished;
    expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
  });

  test("examines a user's own server for a user who is not root", async () => {
    const config = { login: { ssh: host.sshd.settings } };
    await using own = await TestDaemon.start({ as: alice, config });
    const run = async (...argv: string[]): Promise<{ status: number | null; findings: Finding[] }> => {
      const { status, stdout } = await runAs(alice, [program(), 'doctor', '--json', ...argv]).finished;
      return { status, findings: JSON.parse(stdout).findings };
    };
    const { status, findings } = await run('--config', own.configFile);
    expect(status).toBe(0);
    const ours = findings.filter(({ check }) => check !== 'clock' && check !== 'disk');
    expect(ours.filter((finding) => finding.status === 'warning' || finding.status === 'problem')).toEqual(
      [],
    );
    const skipped = ours.filter((finding) => finding.status === 'skipped').map(({ check }) => check);
    expect(skipped).toEqual(['database', 'users', 'pam', 'sudo', 'cgroups']);
  });

  test('leaves the server of the host to root, for a user without a server of their own', async () => {
    const env = { XDG_STATE_HOME: '/mnt/nothing', XDG_RUNTIME_DIR: '/mnt/nothing' };
    const { status, stdout } = await runAs(mallory, [program(), 'doctor', '--json'], { env }).finished;
    const { address } = host.daemon.serverFile;
    expect(JSON.parse(stdout).findings.slice(1)).toEqual([
      {
        check: 'daemon',
        status: 'skipped',
        summary: `you have no server of your own; the server of this host answers at ${address}`,
        remedy: 'to have that one checked, as root: latchkey doctor',
      },
    ]);
    expect(status).toBe(0);
    const { stderr } = await runAs(mallory, [program(), 'config', 'check'], { env }).finished;
    expect(stderr).toContain(
      `To check the one of this host, at ${address}, run as root: latchkey config check`,
    );
  });
});
