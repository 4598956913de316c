/** Links that sudo started are in cgroups: all of their processes can be ended, whatever they do. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/connect/connect.ts';
import { type Account, alice, root, runAs, service } from '../../support/account.ts';
import { DelegatedCgroup } from '../../support/host/delegated-cgroup.ts';
import { install, RUN_FOLDER } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';
import type { Link, Receipt } from '../../support/server/caller.ts';
import { type DaemonOptions, TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2207;
const PASSWORD = 'Correct horse 7';

/**
 * A script whose processes leave their parent, process session and environment, ignore signals, and in one
 * case run as another user.
 */
const STUBBORN = `trap "" TERM HUP INT
(setsid sh -c 'trap "" TERM HUP; sleep 971' &)
(setsid env -i sh -c 'trap "" TERM; (sleep 972 &) ; sleep 973' &)
(setsid sudo -n -u bob /bin/sleep 974 &)
until pgrep -xf '/bin/sleep 974' >/dev/null; do sleep 0.05; done
echo up
sleep 975`;

let sshd: TestSshd;
let cgroup: DelegatedCgroup | undefined;
let daemon: TestDaemon;

async function serve(config: DaemonOptions['config'] = {}): Promise<void> {
  cgroup = new DelegatedCgroup(service);
  const options = { as: service, run: RUN_FOLDER, cgroup: cgroup.path };
  daemon = await TestDaemon.start({ ...options, config: { login: { ssh: sshd.settings }, ...config } });
  const input = `${PASSWORD}\n`;
  expect(await daemon.cli(alice, ['login', '--answers-stdin', '--', 'alice@'], { input })).toMatchObject({
    status: 0,
  });
}

function linksOf({ name }: Account): Promise<readonly Link[]> {
  return daemon.as(root).links('--local-admin', '--user', name);
}

async function stopLinks(): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const { socket } of await linksOf(alice))
    receipts.push(await daemon.as(root).stopLink(socket, '--local-admin'));
  return receipts;
}

/** Starts a session of alice, and waits until it has printed. */
async function begin(script: string): Promise<string> {
  const started = await daemon.cli(alice, ['start', '--detach', '--', 'sh', '-c', script]);
  expect(started, daemon.log).toMatchObject({ status: 0 });
  const id = started.stdout.trim();
  const follow = daemon.begin(alice, ['attach', id]);
  await follow.printed(/up/);
  follow.kill('SIGKILL');
  return id;
}

function end(id: string): Promise<Receipt> {
  return daemon.as(alice).endSession(id, '--grace', '0.2');
}

async function sleepers(): Promise<string[]> {
  const { stdout } = await runAs(root, ['ps', '-eo', 'args']).finished;
  return stdout.split('\n').filter((line) => /^(\/bin\/)?sleep 97\d/.test(line));
}

/** Waits until `count` of the scripts' sleeps run: the last of them begins after the script has printed. */
async function waitForSleepers(count: number): Promise<void> {
  await expect.poll(async () => (await sleepers()).length, { timeout: 10_000 }).toBe(count);
}

/** Returns the names of the cgroups below the server's. */
const names = (): string[] => cgroup?.names() ?? [];

const cgroupOf = (pid: number): string =>
  /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';

beforeAll(async () => {
  install();
  writeFileSync('/etc/sudoers.d/alice', 'alice ALL = (bob) NOPASSWD: /bin/sleep\n', { mode: 0o440 });
  setPasswords({ alice: PASSWORD });
  sshd = await TestSshd.start(PORT);
});
afterAll(async () => {
  await sshd?.[Symbol.asyncDispose]();
  rmSync('/etc/sudoers.d/alice', { force: true });
});
afterEach(async () => {
  if (cgroup === undefined) return;
  await stopLinks();
  await daemon[Symbol.asyncDispose]();
  cgroup[Symbol.dispose]();
  cgroup = undefined;
});

describe('a link that sudo has started', needs('world', 'cgroups', 'sudo', 'sshd'), () => {
  test('has a cgroup of its own, and each of its sessions has one below that', async () => {
    await serve();
    const run = await daemon.cli(alice, ['start', '--', 'cat', '/proc/self/cgroup']);
    const [link] = await linksOf(alice);
    const own = cgroupOf(link?.pid ?? 0);
    expect(own).toMatch(/\/latchkey-test-[\d-]+\/link-7001-[0-9a-f]{16}\/self$/);
    expect(run.stdout).toMatch(new RegExp(`^0::${own.replace(/self$/, 'session-s')}[0-9a-f]{20}$`, 'm'));
    expect(cgroupOf(daemon.pid)).toMatch(/\/daemon$/);
    await expect.poll(() => names().filter((name) => name.includes('/session-'))).toEqual([]);
  });

  test('shares its limits with its sessions', needs('controllers'), async () => {
    await serve({ links: { limits: { processes: 50, memory: '128MiB' } } });
    const [name] = names().filter((one) => /^link-7001-[0-9a-f]+$/.test(one));
    expect([cgroup?.read(`${name}/pids.max`), cgroup?.read(`${name}/memory.max`)]).toEqual([
      '50',
      '134217728',
    ]);
    const run = await daemon.cli(alice, ['start', '--', 'sh', '-c', 'for i in $(seq 99); do sleep 9 & done']);
    expect(run.stderr).toMatch(/fork/i);
  });

  test(
    'has sessions that say so when the kernel kills them for their memory',
    needs('controllers'),
    async () => {
      await serve({ links: { limits: { memory: '128MiB' } } });
      const run = await daemon.cli(alice, ['start', '--', 'tail', '/dev/zero']);
      expect(run).toMatchObject({ status: 137 });
      expect(run.stderr).toMatch(
        /^latchkey: session \w+ has ended; the kernel killed 1 of its .*: out of memory$/m,
      );
      const [session] = await daemon.as(alice).sessions();
      expect(session).toMatchObject({ state: 'ended', exitStatus: 137, oomKills: 1 });
      expect((await daemon.cli(alice, ['sessions'])).stdout).toMatch(/ended 137, out of memory/);
      expect(daemon.log).toMatch(/"event":"session-ended".*"status":137,"oomKills":1/);
    },
  );

  test('has each session ended with every process it started, also as another user, as the server verifies (X1, X3)', async () => {
    await serve();
    const other = await begin('echo up; sleep 970');
    const id = await begin(STUBBORN);
    await waitForSleepers(6);
    const receipt = await end(id);
    expect(receipt).toMatchObject({ sessions: [id], survivors: [], verifiedBy: 'daemon' });
    expect(receipt.processes).toBeGreaterThanOrEqual(7);
    expect(await sleepers()).toEqual(['sleep 970']);
    expect(names().filter((name) => name.endsWith(id))).toEqual([]);
    expect(await end(other)).toMatchObject({ sessions: [other], survivors: [], verifiedBy: 'daemon' });
    expect(await sleepers()).toEqual([]);
  });

  test('has a session with a terminal ended without the processes of its keeper being counted (X1)', async () => {
    await serve();
    const newest = `cat "$(ls -t ${alice.home}/.config/latchkey/servers/*/token | head -n 1)"`;
    const { stdout } = await runAs(root, ['sh', '-c', newest]).finished;
    await using client = await connect({ run: RUN_FOLDER, env: {}, token: stdout.trim() });
    const terminal = { columns: 80, rows: 24 };
    const { session } = await client.sessions.startSession({ command: [Buffer.from('cat')], terminal });
    const cgroupPath = names().find((name) => name.endsWith(session?.id ?? '-'));
    expect(cgroup?.read(`${cgroupPath}/cgroup.procs`).split('\n')).toHaveLength(4);
    const receipt = await end(session?.id ?? '');
    expect(receipt).toMatchObject({ processes: 1, survivors: [], verifiedBy: 'daemon' });
    expect(names().filter((name) => name.endsWith(session?.id ?? '-'))).toEqual([]);
  });

  test('is known by its cgroup as the origin of a link, also of one that has left its session and outlives it', async () => {
    await serve();
    const folder = mkdtempSync('/mnt/gate-');
    chownSync(folder, alice.uid, alice.uid);
    const late = `until [ -e ${folder}/gate ]; do sleep 0.05; done; latchkey link >${folder}/said 2>&1`;
    const id = await begin(`(setsid env -i PATH=/usr/bin:/bin sh -c '${late}' &); echo up; sleep 970`);
    const { jti } = await daemon.as(alice).token();
    process.kill((await linksOf(alice))[0]?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => linksOf(alice)).toEqual([]);
    await daemon.as(root).revoke(jti, '--local-admin');
    writeFileSync(`${folder}/gate`, '');
    const said = (): string => readFileSync(`${folder}/said`, 'utf8');
    await expect.poll(said, { timeout: 20_000 }).toMatch(/the login that started this session has ended/);
    await daemon.as(root).endSession(id, '--local-admin');
  });

  test('is ended by the server, which leaves its sessions running with on_revoke: keep', async () => {
    await serve();
    const id = await begin('echo up; sleep 976; echo never');
    await waitForSleepers(1);
    const [receipt] = await stopLinks();
    expect(receipt).toMatchObject({ survivors: [], processes: 0, sessions: [], verifiedBy: 'daemon' });
    expect(receipt?.links).toHaveLength(1);
    expect(await sleepers()).toEqual(['sleep 976']);
    expect((await daemon.cli(alice, ['links', 'start'])).status).toBe(0);
    const ended = async (): Promise<string | null | undefined> =>
      (await end(id).catch(() => undefined))?.verifiedBy;
    await expect.poll(ended, { timeout: 20_000 }).toBe('daemon');
    expect(await sleepers()).toEqual([]);
  });

  test('ends with all of its processes with on_revoke: end, those that ended sessions left included', async () => {
    await serve({ sessions: { on_revoke: 'end' } });
    await daemon.cli(alice, ['start', '--', 'sh', '-c', '(setsid sleep 977 >/dev/null 2>&1 &)']);
    const id = await begin(STUBBORN);
    await waitForSleepers(6);
    const [receipt] = await stopLinks();
    expect(receipt).toMatchObject({ sessions: [id], survivors: [], verifiedBy: 'daemon' });
    expect(await sleepers()).toEqual([]);
  });

  test('has sessions that can be ended without it, also of a deleted account, as the server verifies (X1)', async () => {
    await serve();
    const id = await begin(STUBBORN);
    await waitForSleepers(5);
    const [receipt] = await stopLinks();
    expect(receipt?.stillRunning).toMatchObject([{ sessionId: id, login: 'alice', unconfirmed: false }]);
    expect(receipt?.stillRunning[0]?.pids.length).toBeGreaterThanOrEqual(7);
    const accounts = readFileSync('/etc/passwd', 'utf8');
    writeFileSync('/etc/passwd', accounts.replace(/^alice:.*\n/m, ''));
    try {
      const ended = await daemon.as(root).endSession(id, '--grace', '0.2', '--local-admin');
      expect(ended).toMatchObject({ sessions: [id], survivors: [], verifiedBy: 'daemon', stillRunning: [] });
      expect(ended.processes).toBeGreaterThanOrEqual(7);
      expect(await sleepers()).toEqual([]);
    } finally {
      writeFileSync('/etc/passwd', accounts);
    }
  });

  test('has a cgroup that the server knows where /proc hides the link, and ends with it (X1)', async () => {
    execFileSync('mount', ['-o', 'remount,hidepid=2', '/proc']);
    try {
      await serve();
      const id = await begin(
        '(setsid env -i sh -c "exec sleep 978" &); (setsid sudo -n -u bob /bin/sleep 974 &); echo up; sleep 979',
      );
      await waitForSleepers(3);
      expect(await end(id)).toMatchObject({ sessions: [id], survivors: [], verifiedBy: 'daemon' });
      expect(await sleepers()).toEqual([]);
      const [link] = await linksOf(alice);
      process.kill(link?.pid ?? 0, 'SIGSTOP');
      const [receipt] = await stopLinks();
      expect(receipt).toMatchObject({ links: [link?.socket], survivors: [], verifiedBy: 'daemon' });
    } finally {
      execFileSync('mount', ['-o', 'remount,hidepid=0', '/proc']);
    }
  });

  test('is found again in its cgroup by a server that was killed and restarted', async () => {
    await serve();
    const id = await begin(STUBBORN);
    await waitForSleepers(5);
    await daemon.end('SIGKILL');
    await daemon.serve();
    const receipt = await end(id);
    expect(receipt).toMatchObject({ sessions: [id], survivors: [], verifiedBy: 'daemon' });
    expect(await sleepers()).toEqual([]);
  });
});
