import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../test/support/needs.ts';
import { openFolderWithin, openTrustedFolder } from './trusted-folder.ts';

const SOMEBODY = 65_534;
const ANOTHER = 65_533;

let base: string;
let outer: string;
let inner: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'latchkey-trusted-'));
  chmodSync(base, 0o755);
  outer = join(base, 'outer');
  inner = join(outer, 'inner');
  mkdirSync(inner, { recursive: true, mode: 0o755 });
});
afterEach(() => rmSync(base, { recursive: true }));

/** Sets the mode, whatever the umask, and the owner of `path`. */
function set(path: string, mode: number, owner?: number): void {
  chmodSync(path, mode);
  if (owner !== undefined) chownSync(path, owner, owner);
}

/** Opens `inner` from the root of the file system on; returns what is wrong, if anything. */
function problem(): unknown {
  try {
    using _ = openTrustedFolder(inner);
    return undefined;
  } catch (error) {
    return error;
  }
}

const untrusted = (why: RegExp) =>
  expect.objectContaining({ reason: 'NOT_TRUSTED', message: expect.stringMatching(why) });

describe('a folder is trusted', () => {
  it('only when nobody but its owner can write to it', () => {
    for (const mode of [0o700, 0o755, 0o711]) {
      set(inner, mode);
      expect(problem()).toBeUndefined();
    }
    for (const mode of [0o775, 0o757, 0o1777, 0o3733]) {
      set(inner, mode);
      expect(problem()).toEqual(untrusted(/others can write to it/));
    }
  });

  it('only when nobody else could replace it: folders above are closed, or sticky', () => {
    for (const mode of [0o755, 0o1777, 0o1775]) {
      set(outer, mode);
      expect(problem()).toBeUndefined();
    }
    for (const mode of [0o775, 0o757, 0o777]) {
      set(outer, mode);
      expect(problem()).toEqual(untrusted(/others can write to it/));
    }
  });

  it('only when folders above belong to root or to its owner', needs('root'), () => {
    for (const [above, owner, isTrusted] of [
      [0, SOMEBODY, true],
      [SOMEBODY, SOMEBODY, true],
      [ANOTHER, SOMEBODY, false],
      [SOMEBODY, 0, false],
    ] as const) {
      set(outer, 0o755, above);
      set(inner, 0o755, owner);
      expect(problem()).toEqual(isTrusted ? undefined : untrusted(new RegExp(`belongs to uid ${above}`)));
    }
  });

  it('as it was when it was opened, whatever takes its place later', () => {
    writeFileSync(join(inner, 'file'), 'mine');
    using folder = openTrustedFolder(inner);
    renameSync(outer, `${outer}-before`);
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'file'), 'other');
    expect(readFileSync(folder.path('file'), 'utf8')).toBe('mine');
  });

  it('where a symbolic link leads to, not where it is', () => {
    const link = join(base, 'link');
    symlinkSync(inner, link);
    using folder = openTrustedFolder(link);
    expect(folder.uid).toBe(process.getuid?.());
    set(outer, 0o777);
    expect(() => openTrustedFolder(link)).toThrow(untrusted(/others can write to it/));
  });

  it('only when it is there', () => {
    expect(() => openTrustedFolder(join(base, 'none'))).toThrow(
      expect.objectContaining({ reason: 'NOT_FOUND' }),
    );
  });
});

describe('a folder within a trusted one is trusted', () => {
  /** Opens `inner` within `outer`. */
  const open = (): void => {
    using folder = openTrustedFolder(outer);
    openFolderWithin(folder, 'inner')[Symbol.dispose]();
  };

  it('only when it is closed to others, or sticky', () => {
    for (const mode of [0o755, 0o1777, 0o3733]) {
      set(inner, mode);
      expect(open).not.toThrow();
    }
    for (const mode of [0o775, 0o757, 0o2733]) {
      set(inner, mode);
      expect(open).toThrow(untrusted(/others can write to it/));
    }
  });

  it('only when it belongs to the same owner', needs('root'), () => {
    set(inner, 0o755, SOMEBODY);
    expect(open).toThrow(untrusted(/belongs to uid/));
  });

  it('only when it is a folder, and no symbolic link to one', () => {
    renameSync(inner, join(base, 'elsewhere'));
    expect(open).toThrow(untrusted(/not a folder/));
    symlinkSync(join(base, 'elsewhere'), inner);
    expect(open).toThrow(untrusted(/not a folder/));
  });
});
