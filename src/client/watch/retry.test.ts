import { expect, it } from 'vitest';
import { AppError } from '../../errors.ts';
import { Retry, type RetryOptions, type RetryProgress } from './retry.ts';

const lost = new AppError('UNAVAILABLE', 'gone');

/** Goes through two outages, the first of which takes two attempts. */
async function sufferTwice(options: RetryOptions): Promise<void> {
  const retry = new Retry(options);
  retry.succeeded();
  await retry.wait(lost);
  await retry.wait(lost);
  retry.succeeded();
  retry.succeeded();
  await retry.wait(lost);
}

it('reports the beginning and the end of each outage once', async () => {
  const progress: RetryProgress[] = [];
  await sufferTwice({ onProgress: (event) => void progress.push(event) });
  expect(progress.map(({ kind }) => kind)).toEqual(['lost', 'reconnected', 'lost']);
});

it('waits also when nobody wants to know', async () => {
  await sufferTwice({});
});

it('gives up at once after an error that a retry cannot fix, and reports no outage', async () => {
  const progress: RetryProgress[] = [];
  const error = new AppError('PERMISSION_DENIED', 'not for you');
  const retry = new Retry({ onProgress: (event) => void progress.push(event) });
  await expect(retry.wait(error)).rejects.toBe(error);
  expect(progress).toEqual([]);
});
