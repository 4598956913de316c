import {
  chmodSync,
  chownSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

  const bent: readonly (readonly [string, () => void, ReturnType<typeof needs>?])[] = [
    ['its group may change', () => chmodSync(path, 0o664)],
    ['others may change', () => chmodSync(path, 0o646)],
    ['somebody else owns', () => chownSync(path, SOMEBODY, SOMEBODY), needs('root')],
    [
      'is a symbolic link',
      () => {
        renameSync(path, join(folder, 'elsewhere'));
        symlinkSync(join(folder, 'elsewhere'), path);
      },
    ],
    ['is far too long', () => truncateSync(path, 1024 * 1024 + 1)],
  ];

  for (const [what, change, options = {}] of bent) {
    it(`are not taken from a file that ${what}, which is named`, options, () => {
      expect(readHostKeys(path)).toHaveLength(1);
      change();
      const problem = expect.objectContaining({ reason: 'CONFIG_INVALID' });
      expect(hostKeyFiles(path)).toEqual([{ path, keys: [], problem }]);
      expect(readHostKeys(path)).toEqual([]);
    });
  }
});
