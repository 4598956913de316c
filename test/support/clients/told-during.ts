/** All that a watch tells of something, in order, and nothing that comes later. */
import { expect } from 'vitest';
import type { MintRequest } from '../../../src/authority/authority.ts';
import type { Client } from '../../../src/client/connect/connect.ts';
import type { ServedApi } from '../server/served-api.ts';

/** Yielded by a watch once it has told what is there. */
export const BEGUN = 'begun';

/**
 * Logs in, begins a watch, and returns what it tells while `work` runs. Its token is revoked after that, so
 * that the server ends the watch behind the last message.
 */
export async function toldDuring(
  api: ServedApi,
  login: MintRequest,
  watch: (client: Client) => AsyncIterable<string>,
  work: (client: Client) => Promise<void>,
): Promise<string[]> {
  const { token, claims } = await api.authority.mint(login);
  await using client = await api.client(undefined, { token });
  const told: string[] = [];
  const begun = Promise.withResolvers<void>();
  const ended = readAll(watch(client), (text) => {
    if (text === BEGUN) begun.resolve();
    else told.push(text);
  });
  await Promise.race([begun.promise, ended]);
  await work(client);
  await client.auth.whoAmI({}); // answered after what the server had to tell
  await api.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
  await expect(ended).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
  return told;
}

async function readAll(texts: AsyncIterable<string>, take: (text: string) => void): Promise<void> {
  for await (const text of texts) take(text);
}
