/**
 * VULNERABILITY: a client that takes from a run folder both who the server is and which token to send gives
 * its token to whoever has made the folder (A3).
 *
 * ATTACK: mallory owns a folder whose server.json names a server and an authority of her own, with the id
 * of the host's real server. Its file "token" is a symbolic link, a hard link or a copy of somebody else's
 * token, a FIFO, or absent; and somebody else has a token for that very address, or one in the environment.
 * She gets alice and root to name the folder with --run, or to have it in XDG_RUNTIME_DIR.
 *
 * VERIFIES: her server is sent no password, and no token but one named on the same command line; no command
 * waits.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, alice, type Finished, mallory, root, runAs } from '../support/account.ts';
import { needs } from '../support/needs.ts';
import { program } from '../support/program.ts';
import { TestDaemon } from '../support/server/daemon.ts';
import { TokenCollector } from '../support/server/token-collector.ts';

const NOT_TRUSTED = 6;
const NOT_LOGGED_IN = 3;
const NOT_STARTED = 255;
const folder = '/mnt/foreign/latchkey';
const kept = '/mnt/home/alice/kept-token';

let daemon: TestDaemon;
let hers: TokenCollector;
let token: string;

function owned(path: string, account: Account, content?: string, mode = 0o600): void {
  if (content !== undefined) writeFileSync(path, content, { mode });
  chownSync(path, account.uid, account.uid);
}

/** Runs the program with a time limit, whose exit status 124 is never expected. */
function run(account: Account, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return runAs(account, ['/usr/bin/timeout', '30', program(), ...argv], { env }).finished;
}

/** Puts a token for mallory's address into alice's client folder, and a CA if there is one. */
function keepFor(account: Account, ca?: string): void {
  const servers = join(account.home, '.config/latchkey/servers');
  const client = join(servers, hers.address.replace(':', '_'));
  execFileSync('/usr/bin/install', ['-d', '-o', `${account.uid}`, '-m', '700', servers, client]);
  owned(join(client, 'token'), account, token);
  if (ca !== undefined) owned(join(client, 'ca.pem'), account, ca);
}

describe("another user's run folder", needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    const link = daemon.begin(alice, ['link', '--print-token']);
    token = (await link.printed(/\S+\n/))[0].trim();
    owned(kept, alice, token);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    hers = await TokenCollector.start(daemon.serverFile.serverId);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    owned(folder, mallory);
    const server = { ...daemon.serverFile, address: hers.address, ca: hers.ca };
    owned(join(folder, 'server.json'), mallory, JSON.stringify(server), 0o644);
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    for (const { home } of [alice, root])
      rmSync(join(home, '.config/latchkey'), { recursive: true, force: true });
    await hers[Symbol.asyncDispose]();
  });

  const traps: Record<string, () => void> = {
    "a symbolic link to alice's token": () => symlinkSync(kept, join(folder, 'token')),
    "a symbolic link to the local administrator's": () =>
      symlinkSync(join(daemon.runFolder, 'token'), join(folder, 'token')),
    "a hard link to alice's token": () => linkSync(kept, join(folder, 'token')),
    'a FIFO': () => {
      execFileSync('/usr/bin/mkfifo', [join(folder, 'token')]);
      owned(join(folder, 'token'), mallory);
    },
    'a folder': () => mkdirSync(join(folder, 'token')),
    'a file that others can read': () => owned(join(folder, 'token'), mallory, token, 0o644),
  };
  for (const [what, set] of Object.entries(traps)) {
    test(`whose token is ${what} is refused, and nothing is sent`, async () => {
      set();
      for (const who of [alice, root])
        for (const argv of [['whoami'], ['whoami', '--local-admin'], ['start', '--', 'id']]) {
          const { status, stderr } = await run(who, ['--run', folder, ...argv]);
          expect(stderr).toMatch(
            /token in the run folder (?:is not (?:the server's own|a regular file)|cannot be read)/,
          );
          expect(status).toBe(argv[0] === 'start' ? NOT_STARTED : NOT_TRUSTED);
        }
      expect(hers.received).toEqual([]);
    });
  }

  test('is asked without the token that is kept for its address', async () => {
    for (const who of [alice, root]) {
      keepFor(who);
      expect((await run(who, ['whoami', '--run', folder])).status).toBe(NOT_LOGGED_IN);
      expect((await run(who, ['whoami', '--run', folder, '--server', hers.address])).status).toBe(
        NOT_LOGGED_IN,
      );
    }
    expect(hers.received).toEqual(Array(4).fill(undefined));
  });

  test('does not replace the authority that is kept for its address', async () => {
    keepFor(alice, daemon.serverFile.ca);
    const { status, stderr } = await run(alice, ['whoami', '--run', folder]);
    expect([status, stderr]).toEqual([NOT_TRUSTED, expect.stringContaining('certificate')]);
    expect(hers.received).toEqual([]);
  });

  test('is not sent a token of the environment, but one named on the command line', async () => {
    const { status, stderr } = await run(alice, ['whoami', '--run', folder], { LATCHKEY_TOKEN: token });
    expect([status, stderr]).toEqual([
      NOT_TRUSTED,
      expect.stringContaining('name the token with --token-file'),
    ]);
    const byFile = await run(alice, ['whoami', '--run', folder], { LATCHKEY_TOKEN_FILE: kept });
    expect(byFile.status).toBe(NOT_TRUSTED);
    expect(hers.received).toEqual([]);
    await run(alice, ['whoami', '--run', folder, '--token-file', kept]);
    expect(hers.received).toEqual([`Bearer ${token}`]);
  });

  test('is not trusted more where the host has no /etc/passwd', async () => {
    renameSync('/etc/passwd', '/etc/passwd.away');
    try {
      keepFor(alice);
      expect((await run(alice, ['whoami', '--run', folder])).status).toBe(NOT_LOGGED_IN);
    } finally {
      renameSync('/etc/passwd.away', '/etc/passwd');
    }
    expect(hers.received).toEqual([undefined]);
  });

  test('is not sent a token when it comes with the environment of who became somebody else', async () => {
    keepFor(alice);
    const env = { XDG_RUNTIME_DIR: '/mnt/foreign' };
    expect((await run(alice, ['whoami'], env)).status).toBe(NOT_LOGGED_IN);
    expect((await run(alice, ['whoami'], { ...env, LATCHKEY_TOKEN: token })).status).toBe(NOT_TRUSTED);
    expect(hers.received).toEqual([undefined]);
  });

  test('is sent no password, and no name', async () => {
    for (const env of [{}, { XDG_RUNTIME_DIR: '/mnt/foreign' }]) {
      const where = 'XDG_RUNTIME_DIR' in env ? [] : ['--run', folder];
      const { status, stderr } = await run(alice, ['login', '--answers-stdin', ...where], env);
      expect([status, stderr]).toEqual([NOT_TRUSTED, expect.stringContaining('latchkey trust')]);
    }
    expect(hers.received).toEqual([]);
  });

  test("gives root her server's own token, which only that server has issued", async () => {
    owned(join(folder, 'token'), mallory, token);
    expect((await run(root, ['whoami', '--run', folder])).status).toBe(NOT_LOGGED_IN);
    expect(hers.received).toEqual([`Bearer ${token}`]); // hers already: she owns the file
    const other = token.replace(/^[^.]+\.[^.]+/, (head) => {
      const [first = '', claims = ''] = head.split('.');
      const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), iss: 'lk-elsewhere' };
      return `${first}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}`;
    });
    owned(join(folder, 'token'), mallory, other);
    expect((await run(root, ['whoami', '--run', folder])).status).toBe(NOT_LOGGED_IN);
    expect(hers.received.at(-1)).toBeUndefined();
  });

  test('of links that others may not write to is no reason for an unforeseen failure', async () => {
    const links = join(folder, 'links');
    mkdirSync(links, { mode: 0o755 });
    owned(links, mallory);
    const { status, stderr } = await run(alice, ['link', '--run', folder]);
    expect(stderr).toContain("no socket can be created in the server's folder of links (EACCES)");
    expect(status).toBe(6);
  });

  test("leaves the real server's run folder as usable as before", async () => {
    expect((await run(alice, ['whoami', '--run', daemon.runFolder], { LATCHKEY_TOKEN: token })).status).toBe(
      0,
    );
    expect((await run(root, ['whoami', '--run', daemon.runFolder])).stdout).toMatch(/^role +admin$/m);
  });
});
