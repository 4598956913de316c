import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Memory } from '../../../test/support/terminal/memory-io.ts';
import { readSecret } from './read-secret.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-secret-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a secret where `text` is on standard input. */
function read(
  text: string,
  { file, isTTY = false }: { file?: string; isTTY?: boolean } = {},
): Promise<string> {
  const stdin = Object.assign(Readable.from([Buffer.from(text)]), { isTTY });
  const stdout = new Memory(isTTY);
  return readSecret({ stdin, stdout, stderr: stdout, env: {}, now: Date.now }, file, 'the token');
}

const refused = (message: RegExp) =>
  expect.objectContaining({ reason: 'USAGE', message: expect.stringMatching(message) });

describe('a secret', () => {
  it('is the first line of standard input or of a file', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, ' from a file \nmore\n');
    expect(await read('given\nmore\n')).toBe('given');
    expect(await read('given\n', { file: '-' })).toBe('given');
    expect(await read('given\n', { file })).toBe('from a file');
  });

  it('is not typed on a terminal, which would show it', async () => {
    await expect(read('given\n', { isTTY: true })).rejects.toEqual(refused(/not typed on a terminal/));
  });

  it('is neither empty nor far too long', async () => {
    for (const empty of ['', '\n', '  \nmore\n'])
      await expect(read(empty)).rejects.toEqual(refused(/is missing/));
    await expect(read('x'.repeat(64 * 1024 + 1))).rejects.toEqual(refused(/too long/));
  });

  it('that cannot be read says why', async () => {
    await expect(read('', { file: join(folder, 'none') })).rejects.toEqual(refused(/no such file/));
  });
});
