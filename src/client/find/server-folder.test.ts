import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCa, readToken, removeToken, serverFolder, writeCa, writeToken } from './server-folder.ts';

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

  it('uses no token that others can read, and follows no symbolic link to one', () => {
    const folder = serverFolder({}, home, 'host:7300');
    writeToken(folder, 'secret');
    chmodSync(join(folder, 'token'), 0o644);
    expect(() => readToken(folder)).toThrow(expect.objectContaining({ reason: 'NOT_TRUSTED' }));
    removeToken(folder);
    symlinkSync('/etc/hostname', join(folder, 'token'));
    expect(() => readToken(folder)).toThrow(expect.objectContaining({ reason: 'NOT_TRUSTED' }));
  });
});
