/** Calls end with their token, and with no error that tells more than their caller may know. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import type { AppError } from '../../errors.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

describe('a token that is revoked or expires', () => {
  it('ends its streams before the receipt is returned (F3)', async () => {
    await using client = await api.client('eve');
    const watches = [client.tokens.watchTokens({}), client.tokens.watchTokens({})].map((watch) =>
      watch[Symbol.asyncIterator](),
    );
    for (const watch of watches) {
      await watch.next();
      await watch.next();
    }
    const ends = watches.map(async (watch) => {
      while (!(await watch.next()).done);
    });
    const outcomes = Promise.allSettled(ends);
    const begunMs = performance.now();
    await api.revocation.revoke({ login: 'eve' }, 'revoked');
    expect(performance.now() - begunMs).toBeLessThan(2_000);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'TOKEN_NOT_ACTIVE' } });
    }
  });

  it('ends its streams when it expires (F32)', async () => {
    const token = await api.token('tim', { expiresAtMs: Math.ceil(Date.now() / 1000) * 1000 + 1000 });
    await using client = await api.client(undefined, { token });
    const drain = async (): Promise<void> => {
      for await (const _ of client.tokens.watchTokens({}));
    };
    await expect(drain()).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
    expect(Date.now()).toBeGreaterThanOrEqual(
      (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }).exp *
        1000,
    );
  });
});

it('an internal error is logged with its cause, which its caller is not told', async () => {
  const list = async (): Promise<never> => {
    throw new Error('the secret cause');
  };
  await using failing = await ServedApi.start({ links: { list } as never, managers: ['max'] });
  await using max = await failing.client('max');
  const error = (await max.links.listLinks({}).catch((caught: unknown) => caught)) as AppError;
  expect(error).toMatchObject({ reason: 'INTERNAL' });
  expect(error.message).not.toContain('secret');
  const requestId = error.details.requestId ?? 'none';
  expect(failing.logged.find((line) => line.includes(requestId))).toContain('the secret cause');
});
