import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { onSmallDisk, whyNoSmallDisk } from '../../test/support/disk/small-disk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-authority-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('on a full disk nothing is issued, and a revocation is durable or not acknowledged', async (ctx) => {
  const why = await whyNoSmallDisk();
  if (why !== undefined) ctx.skip(why);
  const program = new URL('../../test/support/disk/full-disk-revocation.ts', import.meta.url);
  const always = {
    refusal: 'STORE_UNAVAILABLE',
    notAccepted: 0,
    verified: 'TOKEN_NOT_ACTIVE',
    keptAfterwards: false,
    lost: 0,
    verifiedAgain: 'TOKEN_NOT_ACTIVE',
  };
  expect(await onSmallDisk(program, folder, 16)).toEqual({
    withReserve: { ...always, revoked: 'done', local: 'done', keptWhileFull: false },
    withoutReserve: {
      ...always,
      revoked: 'STORE_UNAVAILABLE',
      local: 'STORE_UNAVAILABLE',
      keptWhileFull: true,
    },
  });
});
