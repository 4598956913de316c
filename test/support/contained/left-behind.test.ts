import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LeftBehind } from './left-behind.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-left-'));
  for (const path of ['.local/state/latchkey/lk-1', '.config/latchkey/servers/here_7300'])
    mkdirSync(join(folder, path), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what a run has left behind', () => {
  test.each([
    ['sessions', '.local/state/latchkey/lk-2'],
    ['a token', '.config/latchkey/servers/here_7300/token'],
    ['a setting of the client', '.config/latchkey/client.yaml'],
    ['a temporary file', 'tmp/latchkey-2'],
  ])('includes %s', (_, path) => {
    mkdirSync(join(folder, 'tmp/latchkey-1'), { recursive: true });
    const leftBehind = new LeftBehind(folder, [join(folder, 'tmp/latchkey-*')]);
    writeFileSync(join(folder, path), '');
    expect(leftBehind.paths).toEqual([join(folder, path)]);
  });

  test('does not include what is removed in the end, or belongs to another program', () => {
    const leftBehind = new LeftBehind(folder, []);
    mkdirSync(join(folder, '.local/state/latchkey/lk-2'));
    mkdirSync(join(folder, '.local/state/other'));
    rmSync(join(folder, '.local/state/latchkey/lk-2'), { recursive: true });
    expect(leftBehind.paths).toEqual([]);
  });
});
