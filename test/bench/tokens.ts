/** What tokens cost: issuing, checking, and having a million of them. Each answers plain numbers. */
import { randomUUIDv7 } from 'node:crypto';
import { join } from 'node:path';
import { importJWK, jwtVerify } from 'jose';
import { Authority } from '../../src/authority/authority.ts';
import { openStore } from '../../src/store/open.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { decodeClaims } from '../../src/token/claims.ts';
import { verifyJws } from '../../src/token/jws.ts';
import { jwkOf } from '../../src/token/key.ts';
import { tokenRow } from '../contract/token-row.ts';
import { testKeys } from '../support/authority.ts';

type Synchronous = 'FULL' | 'NORMAL';

const keys = testKeys();
const LIFETIME_SECONDS = 28_800;
const MEBIBYTE = 1024 * 1024;

/** An authority on the database in `folder`, and how to close both. */
async function open(
  folder: string,
  synchronous: Synchronous,
): Promise<{ authority: Authority; close(): Promise<void> }> {
  const store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, synchronous });
  const authority = await Authority.open({
    store,
    keys,
    serverId: 'node1',
    hostname: 'host1',
    settings: { lifetimeSeconds: LIFETIME_SECONDS, lifetimes: {} },
    now: Date.now,
    log: { error: (details, message) => console.error(message, details) },
  });
  const close = async (): Promise<void> => {
    await authority[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return { authority, close };
}

/** Puts `count` tokens, ten a login, into the database in `folder`. */
export async function fillTokens(folder: string, count: number): Promise<void> {
  await using store = await openStore({
    url: `sqlite:${join(folder, 'latchkey.db')}`,
    synchronous: 'NORMAL',
  });
  const expires_at = Math.floor(Date.now() / 1000) + LIFETIME_SECONDS;
  for (let done = 0; done < count; done += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, count - done) }, (_, index) => {
      const login = `user${Math.floor((done + index) / 10)}`;
      const jti = randomUUIDv7();
      const claims = {
        sub: login,
        iss: 'node1',
        jti,
        iat: 1,
        exp: expires_at,
        authMethod: 'link',
        hostname: 'host1',
      };
      return tokenRow(jti, { login, expires_at, claims: JSON.stringify(claims) });
    });
    await Promise.all(rows.map((row) => store.commit((tx) => insertToken(tx, row))));
  }
}

/** How long an authority takes to open on what is in `folder`, and the memory it adds. */
export async function bootCost(folder: string): Promise<{ seconds: number; mebibytes: number }> {
  const before = process.memoryUsage.rss();
  const begun = performance.now();
  const { close } = await open(folder, 'FULL');
  const seconds = (performance.now() - begun) / 1000;
  const mebibytes = (process.memoryUsage.rss() - before) / MEBIBYTE;
  await close();
  return { seconds, mebibytes };
}

/** Tokens issued a second into an empty `folder`, with 32 callers who each wait for theirs. */
export async function issueRate(folder: string, synchronous: Synchronous, count: number): Promise<number> {
  const { authority, close } = await open(folder, synchronous);
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count)
      await authority.mint({ login: `user${next++ % 5000}`, authMethod: 'link', linuxUser: 'alice' });
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: 32 }, caller));
  const rate = count / ((performance.now() - begun) / 1000);
  await close();
  return rate;
}

/** Microseconds of CPU for one check: remembered, cold, and by jose; interleaved, medians. */
export async function checkCosts(folder: string): Promise<Record<'cached' | 'cold' | 'jose', number>> {
  const { authority, close } = await open(folder, 'FULL');
  const { token, claims } = await authority.mint({ login: 'alice', authMethod: 'link', linuxUser: 'alice' });
  const times = { nowSeconds: claims.iat, longestLifetimeSeconds: LIFETIME_SECONDS };
  const key = await importJWK({ ...jwkOf(keys.signing) });
  const rules = { issuer: 'node1', audience: 'api', algorithms: ['ES256'] };
  const ways = {
    cached: () => authority.verify(token),
    cold: () => decodeClaims(verifyJws(token, keys.verification).payload, times),
    jose: () => jwtVerify(token, key, rules),
  };
  const costs = { cached: [] as number[], cold: [] as number[], jose: [] as number[] };
  for (let round = 0; round < 9; round++) {
    for (const way of ['cached', 'cold', 'jose'] as const) costs[way].push(await cpuOf(ways[way]));
  }
  await close();
  return { cached: median(costs.cached), cold: median(costs.cold), jose: median(costs.jose) };
}

async function cpuOf(work: () => unknown): Promise<number> {
  const calls = 2000;
  const begun = process.cpuUsage();
  for (let call = 0; call < calls; call++) await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / calls;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
