import { expect, it } from 'vitest';
import { AppError, type WireReason } from '../../errors.ts';
import { resilientWatch } from './resilient-watch.ts';
import type { RetryProgress } from './retry.ts';

/** Watches a server whose streams end with `reason`; resolves with what is seen up to the second event. */
async function interrupted(reason: WireReason, hasAnotherToken: boolean) {
  const progress: RetryProgress[] = [];
  const asked: unknown[] = [];
  const reconnect = async (error: unknown): Promise<boolean> => {
    asked.push(error);
    return hasAnotherToken;
  };
  let streams = 0;
  async function* begin(): AsyncGenerator<string> {
    streams += 1;
    yield `of stream ${streams}`;
    throw new AppError(reason, 'interrupted');
  }
  const events: string[] = [];
  const onProgress = (event: RetryProgress): void => void progress.push(event);
  for await (const event of resilientWatch({ reconnect }, begin, { onProgress })) {
    events.push(event);
    if (events.length === 2) break;
  }
  return { events, asked: asked.length, progress: progress.map(({ kind }) => kind) };
}

const events = ['of stream 1', 'of stream 2'];

it.each<[string, WireReason, boolean, object]>([
  ['when it was too slow, without a word', 'SLOW_READER', false, { asked: 0, progress: [] }],
  ['with another token, without a word', 'TOKEN_INVALID', true, { asked: 1, progress: [] }],
  [
    'after an outage, which is reported',
    'UNAVAILABLE',
    false,
    { asked: 1, progress: ['lost', 'reconnected'] },
  ],
])('a watch begins again %s', async (_, reason, hasAnotherToken, expected) =>
  expect(await interrupted(reason, hasAnotherToken)).toEqual({ events, ...expected }),
);

it('a watch ends with an error that a retry cannot fix', async () => {
  await expect(interrupted('PERMISSION_DENIED', false)).rejects.toMatchObject({
    reason: 'PERMISSION_DENIED',
  });
});
