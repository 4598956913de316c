import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nologinText } from './nologin.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-nologin-'));
  file = join(folder, 'nologin');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the text of nologin(5)', () => {
  it('is found among other texts, and has one line', () => {
    writeFileSync(file, 'Closed\nuntil Monday\n');
    expect(nologinText('\nHello\r\n  Closed\r\nuntil Monday \n\nbye', [file])).toBe('Closed until Monday');
  });

  it('is not found in part, in a longer line, or where there is no file', () => {
    writeFileSync(file, 'Closed\nuntil Monday\n');
    for (const said of [
      'Closed',
      'Closed\nuntil',
      'x Closed\nuntil Monday',
      'until Monday\nClosed',
      '',
      '\n',
    ])
      expect(nologinText(said, [file]), said).toBeUndefined();
    expect(nologinText('Closed\nuntil Monday', [join(folder, 'other')])).toBeUndefined();
  });

  it('of an empty file is an empty text, not any', () => {
    writeFileSync(file, '\n');
    expect(nologinText('\n', [file])).toMatch(/closed for logins/);
    for (const said of ['', 'The account is locked.\n']) expect(nologinText(said, [file])).toBeUndefined();
  });
});
