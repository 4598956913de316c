import { expect, it } from 'vitest';
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import { refusalOf } from '../supervisor/connection/link-error.ts';
import { readAcrossLinks } from './output.ts';

it('is refused at once by a link that fails, rather than asked for until the reader leaves', async () => {
  let reads = 0;
  const link = {
    isOpen: true,
    // biome-ignore lint/correctness/useYield: it fails before its first piece
    read: async function* () {
      reads += 1;
      throw refusalOf({ reason: 'INTERNAL', message: 'EIO', details: {}, field: '' });
    },
  } as unknown as LinkConnection;
  const reading = readAcrossLinks('s', { offset: 0, follow: false, hold: false }, async () => link);
  await expect(reading.next()).rejects.toMatchObject({
    reason: 'LINK_LOST',
    message: 'the link failed; try again',
  });
  expect(reads).toBe(1);
});
