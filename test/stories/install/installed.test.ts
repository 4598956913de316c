/**
 * The package on a host of its own, with systemd, sshd and sudo as Debian has them, from its installation to
 * its removal. The world is another host on the same network. Each test continues where the previous one
 * ended.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, latchkey } from '../../support/account.ts';
import { type Base, BootedSystem, bootable } from '../../support/host/booted-system.ts';
import { givePackage, trust } from '../../support/host/packaged-system.ts';
import { missing, skippedFor } from '../../support/needs.ts';

const PASSWORD = 'Tr0ub4dor and more';
const HIGHER = '0.9.9';
const UNITS = 'latchkey.service latchkey.socket run-latchkey-links.mount';
/** The tests run in this order; a single one lacks what the previous ones have prepared. */
const IN_ORDER = { concurrent: false, shuffle: false };
const base: Base = missing('world') ? { missing: missing('world') } : bootable();

let system: BootedSystem;
let before: string[];
let file: string;

describe('the package', { ...IN_ORDER, ...skippedFor(base.missing), timeout: 300_000 }, () => {
  beforeAll(async () => {
    if (base.folder === undefined) return;
    system = await BootedSystem.boot(base.folder);
    await system.sh(
      `useradd --create-home --shell /bin/bash alice
      useradd --create-home --shell /bin/bash mallory
      printf '%s\\n' "alice:$1" "mallory:$1" | chpasswd`,
      PASSWORD,
    );
    before = await files();
    file = givePackage(system);
  }, 300_000);
  afterAll(() => system?.[Symbol.asyncDispose]());

  test('is installed and runs, in folders and a file system of its own', async () => {
    await system.sh('dpkg --install "$1"', file);
    expect(await system.sh(`systemctl is-active ${UNITS}`)).toBe('active\nactive\nactive');
    expect(await system.sh('systemctl show --property=User,StatusText latchkey')).toContain(
      'StatusText=listens on all addresses, port 7300',
    );
    expect(await system.sh('pgrep --exact --uid=latchkey latchkey')).toBe(
      await system.sh('systemctl show --property=MainPID --value latchkey'),
    );
    const mode = (path: string): Promise<string> => system.sh('stat --format="%U:%G %a" "$1"', path);
    expect(await mode('/var/lib/latchkey')).toBe('latchkey:latchkey 700');
    expect(await mode('/run/latchkey')).toBe('latchkey:latchkey 755');
    expect(await mode('/run/latchkey/links')).toBe('latchkey:latchkey 3733');
    expect(await mode('/etc/latchkey/config.yaml')).toBe('root:latchkey 640');
    const mounted = await system.sh('findmnt --noheadings --output=FSTYPE,OPTIONS /run/latchkey/links');
    expect(mounted).toMatch(/^tmpfs .*nosuid,nodev,noexec.*size=64k,nr_inodes=32768/);
    expect(await system.sh('visudo --check --quiet && latchkey tokens --json')).toContain('"local"');
  });

  test('has no problem according to the doctor, which checks its database while the server is stopped', async () => {
    interface Finding {
      readonly check: string;
      readonly status: string;
      readonly summary: string;
      readonly remedy: string | null;
    }
    const examine = async (): Promise<Finding[]> => {
      const { status, stdout } = await system.try('latchkey doctor --json');
      expect({ status, stdout }).toMatchObject({ status: 0 });
      return JSON.parse(stdout).findings;
    };
    const open = (await examine()).filter(({ status }) => status !== 'ok');
    // The clock, the controllers and the disk of a container are its host's.
    expect(open.filter(({ check }) => !/clock|cgroups|disk/.test(check))).toEqual([
      {
        check: 'database',
        status: 'skipped',
        summary: 'the server has it open, so its integrity was not checked',
        remedy:
          'systemctl stop latchkey, latchkey doctor, systemctl start latchkey: links and sessions keep running',
      },
      {
        check: 'logind',
        status: 'warning',
        summary: expect.stringMatching(/RemoveIPC=yes/),
        remedy: expect.stringMatching(/loginctl enable-linger USER/),
      },
    ]);
    await system.sh('systemctl stop latchkey.service 2>/dev/null');
    const stopped = await examine();
    await system.sh('systemctl start latchkey');
    expect(stopped).toContainEqual({
      check: 'daemon',
      status: 'warning',
      summary: 'it is not running; systemd holds its port',
      remedy: 'systemctl start latchkey',
    });
    expect(stopped).toContainEqual({
      check: 'database',
      status: 'ok',
      summary: '/var/lib/latchkey/latchkey.db is intact, and this program supports its version',
      remedy: null,
    });
  });

  test('has units that systemd-analyze accepts', async () => {
    const { status, stdout, stderr } = await system.try(`systemd-analyze verify ${UNITS}`);
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
    const score = 'systemd-analyze security --offline=true --threshold=92 latchkey.service'; // README: 9.2
    expect((await system.try(score)).status).toBe(0);
  });

  test('lets a user log in over SSH from another host that has its CA, and run a program', async () => {
    await trust(system, alice);
    await login();
    const { status, stdout } = await far(['start', '--', 'sh', '-c', 'id --user --name; umask; exit 7']);
    expect({ status, stdout }).toEqual({ status: 7, stdout: 'alice\n0022\n' });
  });

  test('gives a session what its user has over SSH: sudo, files, capabilities', async () => {
    await login();
    await system.sh('echo "alice ALL = (root) NOPASSWD: ALL" >/etc/sudoers.d/alice');
    const work =
      'touch /usr/local/probe && chown mallory /usr/local/probe && mount -t tmpfs own /srv && umount /srv';
    const { status, stderr } = await far([
      'start',
      '--',
      'sudo',
      'sh',
      '-c',
      `${work} && rm /usr/local/probe`,
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // The same as for any process of a host without hardening.
    const given = 'cd "/proc/$1"; grep ^CapBnd status; readlink ns/mnt ns/ipc';
    const session = await far(['start', '--', 'sh', '-c', `${given}; umask`, 'sh', 'self']);
    const sshd = await system.sh('systemctl show --property=MainPID --value ssh');
    expect(session.stdout).toBe(`${await system.sh(given, sshd)}\n0022\n`);
  });

  test('restarts a lost link daemon through sudo, and leaves no process of it when its login is revoked', async () => {
    await login();
    await configure('sessions: { on_revoke: end }');
    const lost = await linkDaemon();
    await system.sh('kill -KILL "$1"', lost);
    await eventually(async () => expect(await links()).toEqual([]));
    const stubborn = 'trap "" HUP INT TERM; while :; do sleep 1; done';
    const escapes = `(setsid sh -c 'echo $$ >/tmp/escaped; ${stubborn}' &)& ${stubborn}`;
    const id = (await far(['start', '--detach', '--', 'sh', '-c', escapes])).stdout.trim();
    expect(await linkDaemon()).not.toBe(lost);
    const escaped = await eventually(() => system.sh('grep . /tmp/escaped'));
    expect(await inLinks()).toEqual(expect.arrayContaining([await linkDaemon(), escaped]));

    expect(await system.sh('latchkey sessions --state running')).toContain(id);
    const receipt = await system.sh('latchkey tokens revoke --login alice');
    expect(receipt).toMatch(
      /^Still running: no session and no link\.\nEnded \d tokens, 1 link, 1 session and \d+ processes/,
    );
    expect(receipt).toContain('Verified by: the server.');
    expect((await system.try('kill -0 "$1"', escaped)).status).not.toBe(0);
    expect(await inLinks()).toEqual([]);
    expect((await far(['whoami'])).status).toBe(3);
  });

  test('keeps the port while the server is stopped, and starts the server when a client connects', async () => {
    await login();
    await system.sh('systemctl stop latchkey.service 2>/dev/null');
    const squat = 'LATCHKEY_API_LISTEN=$1 runuser -u mallory -- latchkey serve';
    for (const address of ['127.0.0.1:7300', '[::1]:7300']) {
      const { status, stderr } = await system.try(squat, address);
      expect({ status, stderr }).toEqual({ status: 78, stderr: expect.stringContaining('is in use') });
    }
    expect((await far(['whoami'])).status).toBe(0);
    expect(await system.sh('systemctl is-active latchkey.service')).toBe('active');
  });

  test('keeps the port while the server fails repeatedly, and then answers the waiting client', async () => {
    await login();
    const dropIn = '/etc/systemd/system/latchkey.service.d';
    await system.sh(`mkdir ${dropIn}
      printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\nRestartSec=100ms\\n' >${dropIn}/fails.conf
      systemctl daemon-reload`);
    await system.try('systemctl restart latchkey');
    const waits = far(['whoami']);
    const restarts = 'systemctl show --property=NRestarts --value latchkey';
    await eventually(async () => expect(Number(await system.sh(restarts))).toBeGreaterThan(50));
    expect(await system.sh('systemctl is-active latchkey.socket')).toBe('active');
    await system.sh(`rm -r ${dropIn}; systemctl daemon-reload; systemctl restart latchkey`);
    expect((await waits).status).toBe(0);
  });

  test('answers on every socket of its unit', async () => {
    const dropIn = '/etc/systemd/system/latchkey.socket.d';
    await system.sh(
      `mkdir ${dropIn}
      printf '[Socket]\\nListenStream=\\nListenStream=%s:7300\\nListenStream=[::1]:7300\\n' "$1" >${dropIn}/two.conf
      systemctl daemon-reload
      systemctl restart latchkey.socket latchkey.service`,
      system.address,
    );
    expect(await system.sh('systemctl show --property=StatusText latchkey')).toBe(
      `StatusText=listens on ${system.address}:7300 and [::1]:7300`,
    );
    await login();
    const [, fingerprint = ''] = /"fingerprint":"([^"]*)"/.exec(await journal()) ?? [];
    expect(await system.sh('latchkey trust "[::1]:7300" --fingerprint "$1"', fingerprint)).toContain(
      'trusted',
    );
    await system.sh(`rm -r ${dropIn}; systemctl daemon-reload; systemctl restart latchkey.socket latchkey`);
  });

  test('delays its next start after an invalid configuration, although a client waits', async () => {
    await system.sh('echo "api: { lsten: 1 }" >/etc/latchkey/config.yaml');
    expect((await system.try('systemctl restart latchkey')).status).toBe(1);
    const waits = far(['whoami']);
    const state = 'systemctl show --property=SubState --value latchkey';
    await eventually(async () => expect(await system.sh(state)).toBe('stop-post'));
    expect(await system.sh('systemctl is-active latchkey.socket')).toBe('active');
    await system.sh('echo "{}" >/etc/latchkey/config.yaml; systemctl restart latchkey');
    expect((await waits).status).toBe(0);
  });

  test('has its folder of links cleared by a restart, whoever filled it', async () => {
    await login();
    const fill = 'chdir "/run/latchkey/links"; for (;;) { mkdir "f$i" and mkdir "f$i/g" or last; $i++ }';
    await system.sh('runuser -u mallory -- perl -e "$1"', fill);
    const begun = await system.try('runuser -u alice -- latchkey link --daemon');
    expect(begun.status).toBe(1);
    expect(begun.stderr).toContain('the folder of link sockets is full');
    const link = await linkDaemon();
    await system.sh('systemctl restart latchkey');
    expect(await system.sh('find /run/latchkey/links -mindepth 1 ! -type s')).toBe('');
    await eventually(async () => expect(await linkDaemon()).toBe(link));
    await system.sh('runuser -u alice -- latchkey link --daemon');
  });

  test('takes a secret only from a file that nobody but root and the server can read', async () => {
    const secret = await system.sh('od -An -tx1 -N32 /dev/urandom | tr -d " \\n"');
    const put =
      'echo "tokens: { secret: $1 }" >/run/s.yaml; chgrp latchkey /run/s.yaml; chmod "$2" /run/s.yaml';
    const check = async (user: string): Promise<number | null> =>
      (await system.try('runuser -u "$1" -- latchkey config check --config /run/s.yaml', user)).status;
    await system.sh(put, secret, '640');
    expect([await check('root'), await check('latchkey')]).toEqual([0, 0]);
    await system.sh(put, secret, '644');
    expect([await check('root'), await check('latchkey')]).toEqual([78, 78]);
    await system.sh('rm /run/s.yaml');
  });

  test('is not served by root beside its unit, which could not start any more', async () => {
    const { status, stderr } = await system.try('systemctl stop latchkey.socket latchkey; latchkey serve');
    const owner = await system.sh('id --user latchkey');
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr:
        `latchkey: /var/lib/latchkey belongs to uid ${owner}, which the server of this host runs as; ` +
        'start it as a service: systemctl start latchkey; or as that user: latchkey serve\n',
    });
    await system.sh('systemctl start latchkey.socket latchkey');
  });

  test('refuses to reload an invalid configuration, and keeps running', async () => {
    await login();
    const pid = await daemonPid();
    await system.sh('echo "api: { lsten: 1 }" >/etc/latchkey/config.yaml');
    expect((await system.try('systemctl reload latchkey')).status).toBe(1);
    await eventually(async () => expect(await journal()).toContain('Did you mean api.listen?'));
    expect((await far(['whoami'])).status).toBe(0);
    await configure('{}');
    expect(await daemonPid()).toBe(pid);
  });

  test('is restarted after SIGKILL while its sessions keep running', async () => {
    await whileRunning(async () => {
      const pid = await daemonPid();
      await system.sh('kill -KILL "$1"', pid);
      await eventually(async () => expect(await daemonPid()).not.toBe(pid));
    });
  });

  test('is killed and restarted when it hangs, while its sessions keep running', async () => {
    await configure('{}');
    const dropIn = '/etc/systemd/system/latchkey.service.d';
    await system.sh(`mkdir ${dropIn}
      printf '[Service]\\nWatchdogSec=3s\\n' >${dropIn}/patience.conf
      systemctl daemon-reload
      systemctl restart latchkey`);
    await whileRunning(async () => {
      const pid = await daemonPid();
      await system.sh('kill -STOP "$1"', pid);
      await eventually(async () => expect(await daemonPid()).not.toBe(pid));
      await eventually(async () => expect(await journal()).toContain('Watchdog timeout'));
    });
    await system.sh(`rm -r ${dropIn}; systemctl daemon-reload; systemctl restart latchkey`);
  });

  test('is upgraded while a session runs, and replaces the link once that has ended', async () => {
    const higher = givePackage(system, { version: HIGHER });
    const was = await system.sh('latchkey version');
    let link = '';
    await whileRunning(async () => {
      await configure('sessions: { retention: 3d }');
      link = await linkDaemon();
      await system.sh('dpkg --install "$1"', higher);
      expect(await system.sh('latchkey version')).toContain(`latchkey ${HIGHER} `);
      expect(was).not.toContain(HIGHER);
      const serving = JSON.parse(await system.sh('cat /run/latchkey/server.json')) as { version: string };
      expect(serving.version).toBe(HIGHER);
      expect(await linkDaemon()).toBe(link);
      expect(await system.sh('cat /etc/latchkey/config.yaml')).toContain('retention: 3d');
    });
    await eventually(async () => expect(await linkDaemon()).not.toBe(link));
    expect(await links()).toMatchObject([{ daemon: true, version: HIGHER }]);
    expect((await far(['start', '--', 'id', '-un'])).stdout).toBe('alice\n');
  });

  test.each([
    'sudo --non-interactive',
    'sudo --non-interactive setsid --wait env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  ])('refuses to be removed from a session, which that would end: %s', async (sudo) => {
    await login();
    const removal = `${sudo} /usr/bin/dpkg --remove latchkey`.split(' ');
    const { status, stderr } = await far(['start', '--', ...removal]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('Nothing was removed. Run it from another login'),
    });
    expect(await system.sh('dpkg --status latchkey')).toMatch(/^Status: \w+ ok installed$/m);
    expect(await system.sh(`systemctl is-active ${UNITS}`)).toBe('active\nactive\nactive');
  });

  test('refuses the same below a link that its user has started', async () => {
    const removal = 'sudo --non-interactive dpkg --remove latchkey';
    const line = `latchkey link >/dev/null 2>&1 &
      until latchkey whoami >/dev/null 2>&1; do sleep 0.2; done
      latchkey start -- ${removal}; status=$?; kill $!; exit $status`;
    const { status, stderr } = await system.try('runuser --login alice --command "$1"', line);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('Nothing was removed.'),
    });
  });

  test('is purged with everything it ran, and keeps the files of the administrator', async () => {
    const own = '/etc/latchkey/own.pem';
    await login();
    await system.sh('echo mine >"$1"', own);
    await far(['start', '--detach', '--', 'sleep', '1000']);
    // Another user's process has its working directory in the folder of links, and root's environment names
    // another server.
    await system.sh(
      'cd /run/latchkey/links && setsid --fork runuser -u mallory -- sleep 2000 >/dev/null 2>&1',
    );
    await system.sh('runuser -u mallory -- latchkey link --daemon');
    await system.sh('LATCHKEY_SERVER=elsewhere.example DEBIAN_FRONTEND=noninteractive dpkg --purge latchkey');
    expect((await files()).filter((path) => !before.includes(path))).toEqual([
      '/etc/sudoers.d/alice',
      '/etc/latchkey',
      own,
    ]);
    expect(await system.sh('getent passwd latchkey; getent group latchkey; true')).toBe('');
    expect(await system.sh('pgrep --list-full --full "latchkey|sleep 1000" | grep -v pgrep || true')).toBe(
      '',
    );
    const units = await system.sh('systemctl list-units --all --no-legend "*latchkey*"');
    expect(units).toBe('');
    expect(await system.sh('pgrep --full "sleep 2000" >/dev/null && echo there')).toBe('there');
  });
});

/** Runs a command of alice on the other host. */
function far(argv: readonly string[], input?: string): Promise<Finished> {
  const env = { LATCHKEY_SERVER: `${system.address}:7300` };
  return latchkey(alice, argv, { env, ...(input !== undefined && { input }) }).finished;
}

async function login(): Promise<void> {
  const { status, stderr } = await far(['login', '--answers-stdin', 'alice@'], `${PASSWORD}\n`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
}

/** Writes a configuration and reloads the server. */
async function configure(yaml: string): Promise<void> {
  await system.sh('echo "$1" >/etc/latchkey/config.yaml && systemctl reload latchkey', yaml);
}

function daemonPid(): Promise<string> {
  return system.sh(
    'systemctl is-active --quiet latchkey && systemctl show --property=MainPID --value latchkey',
  );
}

/** Returns the processes in the cgroups of links that sudo started, which no fork or setsid(2) can leave. */
async function inLinks(): Promise<string[]> {
  const unit = '/sys/fs/cgroup/system.slice/latchkey.service';
  // A cgroup may be removed meanwhile.
  const read = `find ${unit} -path '*/link-*' -name cgroup.procs -exec cat '{}' + 2>/dev/null || true`;
  const found = await system.sh(read);
  return found.split('\n').filter((pid) => pid !== '');
}

interface Link {
  readonly socket: string;
  readonly pid: number;
  readonly daemon: boolean;
  readonly version: string;
}

/** Returns alice's links. */
async function links(): Promise<Link[]> {
  return JSON.parse(await system.sh('latchkey links --user alice --json')).links;
}

/** Returns the pid of alice's link daemon. */
async function linkDaemon(): Promise<string> {
  const [link, ...others] = await links();
  expect(others).toEqual([]);
  return `${link?.pid}`;
}

function journal(): Promise<string> {
  return system.sh('journalctl --unit=latchkey --output=cat');
}

/**
 * Does `work` while a session of alice runs below a link that sudo started, in the unit's cgroup; checks
 * afterwards that the session ends with its exit status and all of its output.
 */
async function whileRunning(work: () => Promise<void>): Promise<void> {
  await login();
  for (const { socket } of await links()) await system.sh('latchkey links stop "$1"', socket);
  await system.sh('rm -f /tmp/go');
  const waits = 'echo before; until [ -e /tmp/go ]; do sleep 0.2; done; echo after; exit 7';
  const { stdout: id } = await far(['start', '--detach', '--', 'sh', '-c', waits]);
  expect(await inLinks()).toContain(await linkDaemon());
  await work();
  const attached = far(['attach', id.trim()]);
  await system.sh('touch /tmp/go');
  const { status, stdout, stderr } = await attached;
  expect({ status, stdout, stderr }).toEqual({ status: 7, stdout: 'before\nafter\n', stderr: '' });
}

/** Resolves with the result of `look` as soon as that does not throw. */
async function eventually<T>(look: () => Promise<T>): Promise<T> {
  for (const endMs = performance.now() + 30_000; ; await delay(100)) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

/** Returns every path of the system that a package or its server could have created. */
async function files(): Promise<string[]> {
  const others =
    '/var/log /var/cache /var/lib/dpkg /var/lib/systemd /run/systemd /run/user /run/log /run/sudo';
  const pruned = others
    .split(' ')
    .map((path) => `-path ${path}`)
    .join(' -o ');
  const found = await system.sh(
    `find /etc /usr /var /run -ignore_readdir_race '(' ${pruned} ')' -prune -o -print`,
  );
  return found.split('\n').filter((path) => !/^\/etc\/([a-z]+-|\.pwd\.lock)$|^\/run\/motd/.test(path));
}
