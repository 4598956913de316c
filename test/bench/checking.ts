/** One check of a token: remembered and cold, against jose. */
import { importJWK, jwtVerify } from 'jose';
import { decodeClaims } from '../../src/token/claims.ts';
import { verifyJws } from '../../src/token/jws.ts';
import { jwkOf } from '../../src/token/key.ts';
import { type Line, median } from './line.ts';
import { keys, LIFETIME_SECONDS, open } from './tokens.ts';

const ROUNDS = 9;
const CALLS = 2_000;
const WAYS = ['cached', 'cold', 'jose'] as const;

/** Microseconds of CPU by way. */
type Costs = Record<(typeof WAYS)[number], number>;

export async function measure(folder: () => string): Promise<Line[]> {
  const first = await checkCosts(folder());
  const second = await checkCosts(folder());
  const line = (what: 'cached' | 'cold', goal: number): Line => ({
    what: `check a token, ${what}, against jose (CPU)`,
    ours: `${first[what].toFixed(1)} us`,
    other: `${first.jose.toFixed(1)} us`,
    ratio: first.jose / first[what],
    goal,
    wanted: 'at least',
    spread: Math.abs(first[what] / first.jose - second[what] / second.jose) / (first[what] / first.jose),
  });
  return [line('cached', 150), line('cold', 1.8)];
}

/** Interleaved, medians. */
async function checkCosts(folder: string): Promise<Costs> {
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
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of WAYS) costs[way].push(await cpuOf(ways[way]));
  }
  await close();
  return { cached: median(costs.cached), cold: median(costs.cold), jose: median(costs.jose) };
}

async function cpuOf(work: () => unknown): Promise<number> {
  const begun = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / CALLS;
}
