import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PrivateFile } from './private-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-private-'));
  path = join(folder, 'made');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(text: string, replaces: boolean, during = () => {}): void {
  using file = new PrivateFile(path, replaces);
  file.write(Buffer.from(text));
  during();
  file.publish();
}

const refused = (message: RegExp) =>
  expect.objectContaining({ reason: 'USAGE', message: expect.stringMatching(message) });

it('is there when it is complete, for its user alone', () => {
  const before = process.umask(0);
  write('text', false, () =>
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.made\..+\.tmp$/)]),
  );
  process.umask(before);
  expect(readFileSync(path, 'utf8')).toBe('text');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['made']);
});

it('leaves nothing behind when it is not finished', () => {
  const failing = () =>
    write('text', false, () => {
      throw new Error('no more');
    });
  expect(failing).toThrow('no more');
  expect(readdirSync(folder)).toEqual([]);
});

it('replaces a file only if that is asked for, even if it appears meanwhile', () => {
  expect(() => write('new', false, () => writeFileSync(path, 'old'))).toThrow(refused(/exists already/));
  expect(() => write('new', false)).toThrow(refused(/exists already; --force replaces it/));
  expect(readFileSync(path, 'utf8')).toBe('old');
  writeFileSync(path, 'old', { mode: 0o644 });
  write('new', true);
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['made']);
});

it('never replaces a link, a folder or a device', () => {
  symlinkSync('/dev/null', path);
  expect(() => write('new', true)).toThrow(refused(/is not a file/));
  path = folder;
  expect(() => write('new', true)).toThrow(refused(/is not a file/));
  path = '/dev/null';
  expect(() => write('new', true)).toThrow(refused(/is not a file/));
});
