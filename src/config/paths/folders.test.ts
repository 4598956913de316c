import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { makeFolders } from './folders.ts';
import { type Mode, pathsOf } from './paths.ts';
import {
  removeAdminToken,
  removeServerFile,
  type ServerFile,
  writeAdminToken,
  writeServerFile,
} from './run-files.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'latchkey-folders-'));
});
afterEach(() => rmSync(base, { recursive: true }));

function paths(mode: Mode) {
  return pathsOf(mode, join(base, 'state'), join(base, 'run'));
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

function modes(mode: Mode): string[] {
  const { state, pki, run, links } = paths(mode);
  return [state, pki, run, links].map(modeOf);
}

/** Returns the modes after two calls under a strict umask. */
function modesMade(mode: Mode): string[] {
  const umask = process.umask(0o077);
  try {
    makeFolders(paths(mode));
    makeFolders(paths(mode));
  } finally {
    process.umask(umask);
  }
  return modes(mode);
}

test('the folders of a server in self mode are private, on repeated calls and whatever the umask', () => {
  expect(modesMade('self')).toEqual(['700', '700', '700', '700']);
});

describe('the folders of a server in system mode', needs('system-folders'), () => {
  test('have their modes, on repeated calls and whatever the umask', () => {
    expect(modesMade('system')).toEqual(['700', '700', '755', '3733']);
  });

  test('an interrupted start is completed', () => {
    mkdirSync(paths('system').links, { recursive: true, mode: 0o700 });
    chmodSync(paths('system').run, 0o700);
    makeFolders(paths('system'));
    expect(modes('system')).toEqual(['700', '700', '755', '3733']);
  });

  test('the folder of links belongs to the group latchkey', needs('world'), () => {
    const gid = Number(execFileSync('getent', ['group', 'latchkey'], { encoding: 'utf8' }).split(':')[2]);
    makeFolders(paths('system'));
    expect(statSync(paths('system').links).gid).toBe(gid);
  });

  test.each(['state', 'pki', 'run', 'links'] as const)(
    'a symbolic link in the place of %s is refused',
    (which) => {
      makeFolders(paths('system'));
      const path = paths('system')[which];
      rmSync(path, { recursive: true });
      mkdirSync(join(base, 'elsewhere'), { mode: 0o700 });
      symlinkSync(join(base, 'elsewhere'), path);
      expect(() => makeFolders(paths('system'))).toThrow(/is a symbolic link/);
    },
  );

  test.each([
    ['state', 0o710],
    ['pki', 0o701],
    ['run', 0o775],
  ] as const)('%s with mode %o is refused', (which, mode) => {
    makeFolders(paths('system'));
    chmodSync(paths('system')[which], mode);
    expect(() => makeFolders(paths('system'))).toThrow(/expected .*Run: chmod/);
  });
});

describe('the run files', () => {
  const server: ServerFile = {
    serverId: 'a1',
    hostname: 'host',
    address: '127.0.0.1:7300',
    ca: 'PEM',
    keys: { keys: [] },
    version: '1',
    mode: 'self',
    pid: 7,
  };

  test('server.json is readable by everybody, the token only by its owner (A8)', () => {
    writeServerFile(base, server);
    writeAdminToken(base, 'one');
    writeAdminToken(base, 'two');
    expect(JSON.parse(readFileSync(join(base, 'server.json'), 'utf8'))).toEqual(server);
    expect(readFileSync(join(base, 'token'), 'utf8')).toBe('two\n');
    expect([modeOf(join(base, 'server.json')), modeOf(join(base, 'token'))]).toEqual(['644', '600']);
    removeAdminToken(base);
    removeAdminToken(base);
    removeServerFile(base);
    expect(readdirSync(base)).toEqual([]);
  });
});
