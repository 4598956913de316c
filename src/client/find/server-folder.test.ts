import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNTRUSTED_FILES } from '../../../test/support/disk/untrusted-file.ts';
import { needs } from '../../../test/support/needs.ts';
import { readDefaultServer, writeDefaultServer } from './default-server.ts';
import { readCa, readToken, removeToken, serverFolder, writeCa, writeToken } from './server-folder.ts';

const SOMEBODY = 65_534;
const untrusted = expect.objectContaining({ reason: 'NOT_TRUSTED' });

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'latchkey-client-'));
});
afterEach(() => rmSync(home, { recursive: true }));

describe('the folder of a server', () => {
  it('is in the configuration folder, one for each address', () => {
    expect(serverFolder({}, '/home/u', 'Host.example:7300')).toBe(
      '/home/u/.config/latchkey/servers/host.example_7300',
    );
    expect(serverFolder({ XDG_CONFIG_HOME: '/x' }, '/home/u', '[::1]:7300')).toBe(
      '/x/latchkey/servers/::1_7300',
    );
    expect(serverFolder({ XDG_CONFIG_HOME: 'x' }, '/h', 'a:1')).toBe('/h/.config/latchkey/servers/a_1');
  });

  it.each(['', 'host', 'host:', '../..:1', 'a/b:1', 'host:port'])('rejects %j as an address', (address) => {
    expect(() => serverFolder({}, home, address)).toThrow(expect.objectContaining({ reason: 'USAGE' }));
  });

  it('stores token and CA readable by the owner only (A3)', () => {
    const folder = serverFolder({}, home, 'host:7300');
    expect([readToken(folder), readCa(folder)]).toEqual([undefined, undefined]);
    writeToken(folder, 'one');
    writeToken(folder, 'two');
    writeCa(folder, 'PEM\n');
    expect([readToken(folder), readCa(folder)]).toEqual(['two', 'PEM\n']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'token')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['ca.pem', 'token']);
  });

  it('removes its own token and leaves a newer one', () => {
    const folder = serverFolder({}, home, 'host:7300');
    writeToken(folder, 'newer');
    removeToken(folder, 'older');
    expect(readToken(folder)).toBe('newer');
    removeToken(folder);
    removeToken(folder);
    expect(readToken(folder)).toBeUndefined();
  });

  it('uses no token that others can read', () => {
    const folder = serverFolder({}, home, 'host:7300');
    writeToken(folder, 'secret');
    for (const mode of [0o644, 0o640, 0o604]) {
      chmodSync(join(folder, 'token'), mode);
      expect(() => readToken(folder)).toThrow(untrusted);
    }
  });
});

/** Each file that a client believes: how it is written and read, and its path. */
function believed(name: string) {
  const folder = serverFolder({}, home, 'host:7300');
  const env = { HOME: home };
  switch (name) {
    case 'token':
      return {
        path: join(folder, name),
        write: () => writeToken(folder, 'mine'),
        read: () => readToken(folder),
      };
    case 'ca.pem':
      return { path: join(folder, name), write: () => writeCa(folder, 'mine'), read: () => readCa(folder) };
    default:
      return {
        path: join(home, '.config/latchkey/servers', name),
        write: () => writeDefaultServer(env, 'mine'),
        read: () => readDefaultServer(env),
      };
  }
}

describe.each(['token', 'ca.pem', 'default'])('the file %s', (name) => {
  /** Writes the file, and changes it in a way after which it must not be believed. */
  const refused = (change: (path: string) => void): void => {
    const { path, write, read } = believed(name);
    write();
    expect(read()).toBe('mine');
    change(path);
    expect(read).toThrow(untrusted);
  };

  it.each(['620', '602', '666'])('is not believed when others may change it: mode %s', (mode) => {
    refused((path) => chmodSync(path, mode));
  });

  it('is not believed when it belongs to somebody else', needs('root'), () => {
    refused((path) => chownSync(path, SOMEBODY, SOMEBODY));
  });

  it.each(UNTRUSTED_FILES)('is not believed when it %s', (_, change) => refused(change));
});
