import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNTRUSTED_FILES } from '../../../test/support/disk/untrusted-file.ts';
import { needs } from '../../../test/support/needs.ts';
import { algorithmsOf, hostKeyFiles, readHostKeys } from './host-keys.ts';

const SOMEBODY = 65_534;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-host-keys-'));
  path = join(folder, 'a.pub');
  writeFileSync(path, `ssh-ed25519 ${encoded('one')} root@host\n`, { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('the pinned keys of sshd', () => {
  it('are those of known types in all files, with signatures that do not use SHA-1', () => {
    const others = ['ssh-rsa', 'ssh-dss', '__proto__'].map((type) => `${type} ${encoded(type)}`);
    writeFileSync(join(folder, 'b.pub'), others.join('\n'), { mode: 0o644 });
    const keys = readHostKeys(join(folder, '*.pub'));
    expect(keys).toEqual([
      { type: 'ssh-ed25519', blob: Buffer.from('one') },
      { type: 'ssh-rsa', blob: Buffer.from('ssh-rsa') },
    ]);
    expect(algorithmsOf(keys)).toEqual(['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256']);
  });

  /** Changes the file, and expects that it has no keys then, and is named. */
  function expectRefused(change: (path: string) => void): void {
    expect(readHostKeys(path)).toHaveLength(1);
    change(path);
    const problem = expect.objectContaining({ reason: 'CONFIG_INVALID' });
    expect(hostKeyFiles(path)).toEqual([{ path, keys: [], problem }]);
    expect(readHostKeys(path)).toEqual([]);
  }

  it.each(['664', '646'])(
    'are not taken from a file that others may change, which is named: mode %s',
    (mode) => {
      expectRefused(() => chmodSync(path, mode));
    },
  );

  it('are not taken from a file that somebody else owns, which is named', needs('root'), () => {
    expectRefused(() => chownSync(path, SOMEBODY, SOMEBODY));
  });

  it.each(UNTRUSTED_FILES)('are not taken from a file that %s, which is named', (_, change) => {
    expectRefused(change);
  });
});
