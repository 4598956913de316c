import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needs } from '../../test/support/needs.ts';
import { ensureFolder, ownUid, readOwnedFile, readPrivateFile } from './owned-path.ts';

const NOBODY = 65_534;
const mine = { uid: ownUid(), forbidden: 0o077 };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-owned-'));
  path = join(folder, 'thing');
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * Returns an expected uid that is not the owner of `made`: root changes the owner, others expect another
 * uid.
 */
function someoneElse(made: string): number {
  if (ownUid() !== 0) return ownUid() + 1;
  chownSync(made, NOBODY, NOBODY);
  return 0;
}

describe('a private file', () => {
  test('is read when it is owned and closed to others', () => {
    writeFileSync(path, 'key', { mode: 0o600 });
    expect(readPrivateFile(path)?.toString()).toBe('key');
    expect(readPrivateFile(join(folder, 'none'))).toBeUndefined();
  });

  test.each([0o640, 0o604, 0o620, 0o666])(
    'is refused with mode %o, and the error names the remedy',
    (mode) => {
      writeFileSync(path, 'key');
      chmodSync(path, mode);
      expect(() => readPrivateFile(path)).toThrow(`Run: chmod 0600 ${path}`);
    },
  );

  test('is refused when it is a symbolic link, a folder, a FIFO, or too large', () => {
    writeFileSync(join(folder, 'real'), 'key', { mode: 0o600 });
    symlinkSync(join(folder, 'real'), path);
    expect(() => readPrivateFile(path)).toThrow(/symbolic link/);
    expect(() => readPrivateFile(folder)).toThrow(/not a regular file/);
    execFileSync('mkfifo', ['-m', '600', join(folder, 'fifo')]);
    expect(() => readPrivateFile(join(folder, 'fifo'))).toThrow(/not a regular file/);
    truncateSync(join(folder, 'real'), 1024 * 1024 + 1);
    expect(() => readPrivateFile(join(folder, 'real'))).toThrow(/expected at most 1048576/);
  });

  test('is refused when it belongs to another user', () => {
    writeFileSync(path, 'key', { mode: 0o600 });
    const uid = someoneElse(path);
    expect(() => readOwnedFile(path, { uid, forbidden: 0 })).toThrow(/belongs to uid \d+; expected uid/);
  });
});

describe('a private folder', () => {
  test('is created with its mode, whatever the umask', () => {
    const umask = process.umask(0o077);
    try {
      ensureFolder(join(path, 'deep'), 0o755, { ...mine, forbidden: 0o022 });
    } finally {
      process.umask(umask);
    }
    expect(statSync(join(path, 'deep')).mode & 0o777).toBe(0o755);
    ensureFolder(join(path, 'deep'), 0o755, { ...mine, forbidden: 0o022 });
  });

  test('is refused when others can read it', () => {
    mkdirSync(path);
    chmodSync(path, 0o750);
    expect(() => ensureFolder(path, 0o700, mine)).toThrow(
      expect.objectContaining({
        reason: 'CONFIG_INVALID',
        message: `${path} has mode 0750, so that others can read it; expected 0700. Run: chmod 0700 ${path}`,
      }),
    );
  });

  test('is refused when it is a symbolic link, a file, or belongs to another user', () => {
    mkdirSync(join(folder, 'real'), { mode: 0o700 });
    symlinkSync(join(folder, 'real'), path);
    expect(() => ensureFolder(path, 0o700, mine)).toThrow(/symbolic link/);
    writeFileSync(join(folder, 'file'), '');
    expect(() => ensureFolder(join(folder, 'file'), 0o700, mine)).toThrow(/not a folder/);
    const uid = someoneElse(join(folder, 'real'));
    expect(() => ensureFolder(join(folder, 'real'), 0o700, { ...mine, uid })).toThrow(/belongs to uid/);
  });

  test('is refused when it cannot be written to', needs('world'), () => {
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,mode=0700', 'none', path]);
    try {
      expect(() => ensureFolder(path, 0o700, mine)).toThrow(/the file system is read-only/);
    } finally {
      execFileSync('umount', [path]);
    }
  });
});
