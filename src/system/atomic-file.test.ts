import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileOperations } from '../../test/support/disk/traced.ts';
import { needs } from '../../test/support/needs.ts';
import { createDurably, removeLeftovers, writeDurably } from './atomic-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-durable-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a durable file', () => {
  test('replaces an existing one, with the given mode whatever the umask, and leaves no temporary file', () => {
    const path = join(folder, 'token');
    const umask = process.umask(0o077);
    try {
      writeDurably(path, 'one', 0o600);
      writeDurably(path, 'two', 0o644);
    } finally {
      process.umask(umask);
    }
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['token']);
  });

  test('is created at most once by createDurably', () => {
    const path = join(folder, 'ca.key');
    expect([createDurably(path, 'one', 0o600), createDurably(path, 'two', 0o600)]).toEqual([true, false]);
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(statSync(path).nlink).toBe(1);
    expect(readdirSync(folder)).toEqual(['ca.key']);
  });

  test.for([
    ['writeDurably', 'rename'],
    ['createDurably', 'link'],
  ] as const)(
    'is on the disk before its name is, and both before %s returns',
    needs('strace'),
    ([name, verb]) => {
      const module = join(import.meta.dirname, 'atomic-file.ts');
      const call = `${name}(${JSON.stringify(join(folder, 'key'))}, 'x', 0o600);`;
      const operations = fileOperations(folder, `import { ${name} } from '${module}'; ${call}`);
      expect(operations).toEqual(['write .key.tmp', 'sync .key.tmp', `${verb} .key.tmp key`, 'sync .']);
    },
  );

  test('explains why it cannot be written, and leaves nothing behind', () => {
    mkdirSync(join(folder, 'there'));
    expect(() => writeDurably(join(folder, 'there'), 'x', 0o600)).toThrow(/cannot write .*it is a folder/);
    expect(() => writeDurably(join(folder, 'no/file'), 'x', 0o600)).toThrow(
      expect.objectContaining({ reason: 'CONFIG_INVALID' }),
    );
    expect(readdirSync(folder)).toEqual(['there']);
  });

  test('files left by killed writers are removed after a minute, and nothing else is', () => {
    const now = Date.now();
    const old = new Date(now - 61_000);
    for (const name of ['.ca.key.0123456789abcdef.tmp', 'notes.tmp', '.hidden']) {
      writeFileSync(join(folder, name), '');
      utimesSync(join(folder, name), old, old);
    }
    writeFileSync(join(folder, '.tls.key.0123456789abcdef.tmp'), '');
    removeLeftovers(folder, now);
    expect(readdirSync(folder).sort()).toEqual(['.hidden', '.tls.key.0123456789abcdef.tmp', 'notes.tmp']);
  });
});
