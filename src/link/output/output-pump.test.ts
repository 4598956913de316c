import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onSmallDisk, whyNoSmallDisk } from '../../../test/support/disk/small-disk.ts';

it('a full disk makes the program wait, with one warning, and loses nothing', async (ctx) => {
  const why = await whyNoSmallDisk();
  if (why !== undefined) return ctx.skip(why);
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-disk-'));
  try {
    const result = await onSmallDisk(
      new URL('../../../test/support/disk/full-disk-pump.ts', import.meta.url),
      folder,
      4,
    );
    const warnings = ['output cannot be written to disk (no space left on the device); the program waits'];
    expect(result).toMatchObject({ end: 3 * 1024 * 1024, isWhole: true, warnings });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
