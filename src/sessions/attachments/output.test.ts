import { expect, it } from 'vitest';
import { AppError, type Reason } from '../../errors.ts';
import type { LinkConnection } from '../../supervisor/connection/link-connection.ts';
import { refusalOf } from '../../supervisor/connection/link-error.ts';
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

/** Returns a link whose reader gets `text`, and loses the link unless that is the last text. */
function linkWith(text: string, isLast: boolean): LinkConnection {
  const link = {
    isOpen: true,
    async *read(_session: string, { offset }: { offset: number }) {
      yield { offset, stream: 'stdout', data: Buffer.from(text) };
      link.isOpen = false;
      if (!isLast) throw new AppError('LINK_LOST', 'the link has gone');
      return { exited: { status: 0 } };
    },
  };
  return link as unknown as LinkConnection;
}

/** Reads a session that loses its link, where looking for the next one fails with `reason` once. */
async function readAfter(reason: Reason): Promise<string> {
  const looks = [
    async () => linkWith('one ', false),
    () => Promise.reject(new AppError(reason, 'no link')),
    async () => linkWith('two', true),
  ];
  const look = (): Promise<LinkConnection> => looks.shift()?.() ?? Promise.reject(new Error('one too many'));
  let text = '';
  for await (const { data } of readAcrossLinks('s', { offset: 0, follow: true, hold: false }, look))
    text += data.toString();
  return text;
}

it.each<[Reason]>([['LINK_LOST'], ['LINK_REQUIRED']])(
  'continues with the next link, although there is none at first: %s',
  async (reason) => expect(await readAfter(reason)).toBe('one two'),
);

it('ends at once where the reader may not read it any more', async () => {
  await expect(readAfter('NOT_FOUND')).rejects.toMatchObject({ reason: 'NOT_FOUND' });
});
