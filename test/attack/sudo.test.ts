/**
 * VULNERABILITY: with a sudo rule that allows more than intended, whoever controls the server's own user
 * becomes root, or any other user (CVE-2019-14287 was one such way).
 *
 * ATTACK: the server's user asks sudo for root by each of its names, numbers and groups, for other programs,
 * arguments, shells and folders, and sets environment variables that a program run by sudo might use (F19).
 *
 * VERIFIES: sudo runs `latchkey link --daemon` and `--end-sessions` as an ordinary user, in a new
 * environment, and nothing else.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, runAs, service } from '../support/account.ts';
import { install, SUDOERS } from '../support/host/installed.ts';
import { needs } from '../support/needs.ts';

const LINE = ['/usr/bin/latchkey', 'link', '--daemon'];
const END_LINE = ['/usr/bin/latchkey', 'link', '--end-sessions'];

/** Replaces the program: prints the uid, gid, umask and environment that it was run with. */
const TELLS = '#!/bin/sh\nid -u\nid -g\numask\nenv\n';

let accounts: string;

beforeAll(() => {
  install({ script: TELLS });
  accounts = readFileSync('/etc/passwd', 'utf8');
  appendFileSync('/etc/passwd', 'toor:x:0:0::/root:/bin/sh\n#7002:x:7050:7050::/:/bin/sh\n');
});

afterAll(() => {
  writeFileSync('/etc/passwd', accounts);
});

function sudo(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return runAs(service, ['/usr/bin/sudo', '-n', ...argv], { cwd: '/', env }).finished;
}

describe('the sudoers file', needs('world', 'sudo'), () => {
  test('is accepted by visudo', () => {
    expect(execFileSync('visudo', ['-c', '-s', '-f', SUDOERS], { encoding: 'utf8' })).toMatch(/parsed OK/);
  });

  test.each([{ line: LINE }, { line: END_LINE }])(
    'lets the server run $line as a user, with nothing from its environment',
    async ({ line }) => {
      const hostile = {
        LD_PRELOAD: '/x.so',
        LD_LIBRARY_PATH: '/x',
        NODE_OPTIONS: '--import /x.js',
        NODE_EXTRA_CA_CERTS: '/x',
        BASH_ENV: '/x',
        ENV: '/x',
        LC_ALL: 'C',
        LANG: '%s',
        TZ: '/x',
        DISPLAY: ':0',
        XAUTHORITY: '/x',
        FOO: '1',
      };
      const { status, stdout, stderr } = await sudo(['-u', 'alice', ...line], hostile);
      expect({ status, stderr: stderr.replace(/^.*LD_PRELOAD cannot be preloaded.*\n/gm, '') }).toEqual({
        status: 0,
        stderr: '',
      });
      const [uid, gid, umask, ...environment] = stdout.trim().split('\n');
      expect([uid, gid, umask]).toEqual(['7001', '7001', '0022']);
      const names = environment.map((line) => line.split('=')[0]);
      expect(names.filter((name) => name !== undefined && name in hostile)).toEqual([]);
      expect(environment).toContain(`HOME=${alice.home}`);
      expect(environment).toContain('PATH=/usr/local/bin:/usr/bin:/bin:/usr/games');
    },
  );

  test.for<[string, string[]]>([
    ['root', ['-u', 'root', ...LINE]],
    ['root, to end sessions', ['-u', 'root', ...END_LINE]],
    ['more arguments, to end sessions', ['-u', 'alice', ...END_LINE, '--run', '/tmp/x']],
    ['root by its number', ['-u', '#0', ...LINE]],
    ['root by another name', ['-u', 'toor', ...LINE]],
    ['root, when no user is given', LINE],
    ['-1, which old versions took for root (CVE-2019-14287)', ['-u', '#-1', ...LINE]],
    ['4294967295', ['-u', '#4294967295', ...LINE]],
    ['a uid without an account', ['-u', '#7099', ...LINE]],
    ['the account called #7002 as itself', ['-u', '#7050', '-g', '#7050', ...LINE]],
    ['an unknown user', ['-u', 'nosuchuser', ...LINE]],
    ['another group', ['-u', 'alice', '-g', 'root', ...LINE]],
    ["another user's group", ['-u', 'alice', '-g', 'mallory', ...LINE]],
    ["another user's group by number", ['-u', 'alice', '-g', '#0', ...LINE]],
    ['no argument', ['-u', 'alice', '/usr/bin/latchkey']],
    ['fewer arguments', ['-u', 'alice', '/usr/bin/latchkey', 'link']],
    ['more arguments', ['-u', 'alice', ...LINE, '--run', '/tmp/x']],
    ['other arguments', ['-u', 'alice', '/usr/bin/latchkey', 'serve']],
    ['another binary', ['-u', 'alice', '/bin/sh']],
    ['another binary of that name', ['-u', 'alice', '/mnt/latchkey', 'link', '--daemon']],
    ['a shell', ['-u', 'alice', '-s', ...LINE]],
    ['a login shell', ['-u', 'alice', '-i', ...LINE]],
    ['an editor', ['-u', 'alice', '-e', '/etc/passwd']],
    ["the caller's environment", ['-u', 'alice', '-E', ...LINE]],
    ["a variable of the caller's", ['-u', 'alice', 'LD_PRELOAD=/x.so', ...LINE]],
    ['another directory', ['-u', 'alice', '-D', '/tmp', ...LINE]],
    ['another root', ['-u', 'alice', '-R', '/mnt', ...LINE]],
    ['open descriptors', ['-u', 'alice', '-C', '9', ...LINE]],
  ])('refuses %s', async ([, argv]) => {
    const { status, stdout } = await sudo(argv);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  test('takes an account name that looks like a uid for that uid, so that the server starts no link for it', async () => {
    expect((await sudo(['-u', '#7002', ...LINE])).stdout).toMatch(/^7002\n/); // mallory, not the account of that name
  });
});
