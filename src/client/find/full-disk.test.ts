import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onSmallDisk, whyNoSmallDisk } from '../../../test/support/disk/small-disk.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-full-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('the check for a login fails on a full disk, and leaves nothing there', async ({ skip }) => {
  const why = await whyNoSmallDisk();
  skip(why !== undefined, why);
  const program = new URL('../../../test/support/disk/full-disk-login.ts', import.meta.url);
  expect(await onSmallDisk(program, folder, 1)).toEqual({ reason: 'UNAVAILABLE', left: [] });
});
