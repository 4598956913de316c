/** A server starts without any files, creates what it needs and keeps it, and fails with a clear message. */
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  administrator,
  alice,
  type Finished,
  latchkey,
  mallory,
  root,
  runAs,
} from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs `latchkey serve` with a configuration with which it ends by itself. */
async function serve(yaml: string, prepare: (folder: string) => void = () => {}): Promise<Finished> {
  const folder = mkdtempSync(join(process.env.TEST_WORLD ? '/mnt' : realpathSync(tmpdir()), 'serve-'));
  folders.push(folder);
  const text = yaml.replaceAll('FOLDER', folder);
  writeFileSync(join(folder, 'config.yaml'), text, { mode: 0o600 });
  prepare(folder);
  const run = latchkey(administrator, ['serve', '--config', join(folder, 'config.yaml')]);
  const timer = setTimeout(() => run.kill(), 15_000);
  const finished = await run.finished;
  clearTimeout(timer);
  return finished;
}

const base = 'api: { listen: "127.0.0.1:0" }\npaths: { state: FOLDER/state, run: FOLDER/run }\n';

describe('first start', () => {
  test('creates authority, certificate, keys and files with the right modes, and logs the fingerprint (N2)', async () => {
    await using daemon = await TestDaemon.start();
    const ca = new X509Certificate(daemon.serverFile.ca);
    const tls = new X509Certificate(readFileSync(join(daemon.stateFolder, 'pki/tls.pem')));
    expect(ca.ca).toBe(true);
    expect(tls.checkIssued(ca) && tls.verify(ca.publicKey)).toBe(true);
    for (const name of ['localhost', daemon.serverFile.serverId]) expect(tls.checkHost(name)).toBe(name);
    expect(tls.checkIP('127.0.0.1')).toBe('127.0.0.1');
    const jwt = new X509Certificate(readFileSync(join(daemon.stateFolder, 'pki/jwt.pem')));
    expect(jwt.verify(ca.publicKey)).toBe(true);
    expect(statSync(daemon.stateFolder).mode & 0o777).toBe(0o700);
    expect(statSync(join(daemon.runFolder, 'token')).mode & 0o777).toBe(0o600);
    expect(statSync(join(daemon.stateFolder, 'latchkey.db')).mode & 0o777).toBe(0o600);
    expect(daemon.log).toContain(ca.fingerprint256);
  });

  test('a restart keeps identity, keys and database, and replaces the local token (A7, A8)', async () => {
    await using daemon = await TestDaemon.start();
    const before = {
      server: daemon.serverFile,
      token: readFileSync(join(daemon.runFolder, 'token'), 'utf8'),
    };
    await daemon.end('SIGTERM');
    expect(existsSync(join(daemon.runFolder, 'token'))).toBe(false);
    await daemon.serve();
    const { serverId, ca, keys } = before.server;
    expect(daemon.serverFile).toMatchObject({ serverId, ca, keys });
    expect(readFileSync(join(daemon.runFolder, 'token'), 'utf8')).not.toBe(before.token);
    const left = readFileSync(join(daemon.runFolder, 'token'), 'utf8');
    await daemon.end('SIGKILL'); // too abrupt to revoke it
    await daemon.serve();
    for (const token of [before.token, left]) {
      const old = await daemon.cli(administrator, ['whoami'], { env: { LATCHKEY_TOKEN: token.trim() } });
      expect(old.status).toBe(3);
    }
    expect((await daemon.cli(administrator, ['whoami', '--local-admin'])).status).toBe(0);
  });

  test('logs no secret', async () => {
    await using daemon = await TestDaemon.start();
    const token = readFileSync(join(daemon.runFolder, 'token'), 'utf8').trim();
    await daemon.cli(administrator, ['whoami']);
    expect(daemon.log).not.toContain(token);
    expect(daemon.log).not.toMatch(/eyJ[\w-]{10,}\.|PRIVATE KEY/);
  });
});

describe('a start that fails prints one clear line, with status 78 unless a retry may help', () => {
  const refusals: [string, string, RegExp, ((folder: string) => void)?][] = [
    ['an unknown key', `${base}sesions: {}\n`, /sesions.*sessions/],
    ['a bad value', `${base}tokens: { lifetime: soon }\n`, /tokens\.lifetime.*soon/],
    [
      'a placeholder secret',
      `${base}tokens: { secret: changemechangemechangemechangemechangeme }\n`,
      /tokens\.secret/,
    ],
    ['a short secret', `${base}tokens: { secret: abc }\n`, /tokens\.secret/],
    ['a reserved server id', `${base}server: { id: proxy }\n`, /server\.id/],
    [
      'a configuration that others may write',
      base,
      /config\.yaml.*mode/i,
      (folder) => chmodSync(join(folder, 'config.yaml'), 0o666),
    ],
    [
      'a state folder that others may read',
      base,
      /state.*mode|mode.*state/i,
      (folder) => {
        mkdirSync(join(folder, 'state'));
        chmodSync(join(folder, 'state'), 0o777);
      },
    ],
    ['a file that is not YAML', 'api: [\n', /config\.yaml/],
  ];
  for (const [what, yaml, line, prepare] of refusals) {
    test(what, async () => {
      const { status, stderr } = await serve(yaml, prepare);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(line);
      expect(status).toBe(78);
    });
  }

  test('a missing --config file', async () => {
    const { status, stderr } = await latchkey(administrator, [
      'serve',
      '--config',
      '/nonexistent/latchkey.yaml',
    ]).finished;
    expect({ status, lines: stderr.trim().split('\n').length }).toEqual({ status: 78, lines: 1 });
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { status, stderr } = await serve(base.replace('127.0.0.1:0', `127.0.0.1:${port}`));
    server.close();
    expect(stderr).toMatch(new RegExp(`${port}.*in use`));
    expect(status).toBe(78);
  });

  test('a second server on the same state', async () => {
    await using daemon = await TestDaemon.start();
    const second = await latchkey(administrator, ['serve', '--config', daemon.configFile]).finished;
    expect(second.status).toBe(78);
    expect(second.stderr.trim().split('\n')).toHaveLength(1);
    expect(second.stderr).toMatch(/another/);
    expect((await daemon.cli(administrator, ['whoami', '--local-admin'])).status).toBe(0);
  });

  test('a state folder that cannot be written', needs('world'), async () => {
    const { status, stderr } = await serve(base.replace('FOLDER/state', '/proc/nowhere'));
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(78);
  });

  test('a full disk, with status 1', needs('world'), async () => {
    const disk = await smallDisk();
    try {
      fill(join(disk, 'ballast'));
      const { status, stderr } = await serve(base.replace('FOLDER/state', join(disk, 'state')));
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(/full|space/i);
      expect(status).toBe(1); // nothing to configure: the service manager tries again
    } finally {
      await runAs(root, ['umount', disk]).finished;
    }
  });
});

describe('a disk that fills up while the server runs', needs('world'), () => {
  test('makes it refuse new tokens and not revocations, until there is space again', async () => {
    const disk = await smallDisk();
    const ballast = join(disk, 'ballast');
    try {
      await using daemon = await TestDaemon.start({ state: join(disk, 'state') });
      const link = await daemon.link(alice);
      fill(ballast);
      const refused = await daemon.cli(mallory, ['link']);
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toMatch(/^latchkey.*: .*\n$/);
      expect((await daemon.cli(alice, ['whoami'])).status).toBe(0);
      expect((await daemon.cli(alice, ['logout'])).status).toBe(0);
      expect((await daemon.cli(alice, ['whoami'])).status).toBe(3);
      await link.finished;
      await daemon.end('SIGKILL');
      rmSync(ballast);
      await daemon.serve();
      await daemon.link(mallory);
      expect((await daemon.cli(mallory, ['whoami'])).status).toBe(0);
      expect((await daemon.cli(alice, ['whoami'])).status).toBe(3);
    } finally {
      await runAs(root, ['umount', disk]).finished;
    }
  });
});

/** Mounts a file system of 12 MiB. */
async function smallDisk(): Promise<string> {
  const disk = mkdtempSync('/mnt/small-disk-');
  await runAs(root, ['mount', '-t', 'tmpfs', '-o', 'size=12m,mode=700', 'small', disk]).finished;
  return disk;
}

/** Writes until the disk is full. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) while (writes(fd, size));
  } finally {
    closeSync(fd);
  }
}

function writes(fd: number, size: number): boolean {
  try {
    return writeSync(fd, Buffer.alloc(size)) === size;
  } catch {
    return false;
  }
}
