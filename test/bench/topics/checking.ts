/**
 * Cost of issuing a token, and of verifying one with and without the cache, compared with jose and with
 * openssl.
 */
import { execFileSync } from 'node:child_process';
import { importJWK, importPKCS8, jwtVerify, SignJWT } from 'jose';
import { decodeClaims, encodeClaims } from '../../../src/token/claims.ts';
import { signJws, verifyJws } from '../../../src/token/jws.ts';
import { jwkOf } from '../../../src/token/key.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { keys, LIFETIME_SECONDS, open } from '../tokens.ts';

const ROUNDS = 9;
const CALLS = 1_000;

/** Microseconds of CPU for each way, one sample a round. */
type Costs = Readonly<Record<string, readonly number[]>>;

export async function measure(folder: () => string): Promise<Line[]> {
  const costs = await costsOf(folder());
  return [
    line(costs, 'check a token, cached, against jose (CPU)', ['cached', 'jose'], 150),
    line(costs, 'check a token, cold, against jose (CPU)', ['cold', 'jose'], 1.8),
    line(costs, 'check a token, cold, against openssl speed', ['cold', 'openssl verify'], 0.8),
    line(costs, 'sign a token against jose (CPU)', ['sign', 'jose sign'], 3.5),
    line(costs, 'sign a token against openssl speed', ['sign', 'openssl sign'], 0.85),
  ];
}

/** Compares our cost with the other's; the control is the other compared with itself. */
function line(costs: Costs, what: string, [ours, other]: readonly [string, string], goal: number): Line {
  const ratios = (of: string): number[] =>
    (costs[of] ?? []).map((cost, round) => cost / (costs[ours]?.[round] ?? Number.NaN));
  const middle = (name: string): number => median(costs[name] ?? []);
  return {
    what,
    ours: `${middle(ours).toFixed(1)} us`,
    other: `${middle(other).toFixed(1)} us`,
    ratio: median(ratios(other)),
    goal,
    wanted: 'at least',
    spread: spreadOf(median(ratios(other)), median(ratios(`${other} again`))),
  };
}

/** Measures all ways alternately, each once in a round and the reference twice. */
async function costsOf(folder: string): Promise<Costs> {
  const { ways, close } = await waysOf(folder);
  const costs: Record<string, number[]> = {};
  const add = (name: string, cost: number): void => {
    costs[name] = [...(costs[name] ?? []), cost];
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const again of ['', ' again']) {
      for (const [name, way] of Object.entries(ways)) add(name + again, await cpuOf(way));
      const { sign, verify } = opensslCosts();
      add(`openssl sign${again}`, sign);
      add(`openssl verify${again}`, verify);
    }
  }
  await close();
  return costs;
}

async function waysOf(
  folder: string,
): Promise<{ ways: Readonly<Record<string, () => unknown>>; close(): Promise<void> }> {
  const { authority, close } = await open(folder, 'FULL');
  const { token, claims } = await authority.mint({ login: 'alice', authMethod: 'link', linuxUser: 'alice' });
  const times = { nowSeconds: claims.iat, longestLifetimeSeconds: LIFETIME_SECONDS };
  const { signing } = keys;
  const publicKey = await importJWK({ ...jwkOf(signing) });
  const pem = signing.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const privateKey = await importPKCS8(String(pem), 'ES256');
  const rules = { issuer: 'node1', audience: 'api', algorithms: ['ES256'] };
  const header = { alg: 'ES256', typ: 'JWT', kid: signing.kid };
  const ways = {
    cached: () => authority.verify(token),
    cold: () => decodeClaims(verifyJws(token, keys.verification).payload, times),
    jose: () => jwtVerify(token, publicKey, rules),
    sign: () => signJws(encodeClaims(claims), signing),
    'jose sign': () => new SignJWT({ ...encodeClaims(claims) }).setProtectedHeader(header).sign(privateKey),
  };
  return { ways, close };
}

async function cpuOf(work: () => unknown): Promise<number> {
  const begun = process.cpuUsage();
  for (let call = 0; call < CALLS; call += 1) await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / CALLS;
}

/**
 * Returns microseconds of CPU of one P-256 operation according to `openssl speed`, whose last line is
 * F4:…:signs/s:verifies/s.
 */
function opensslCosts(): { sign: number; verify: number } {
  const words = ['speed', '-seconds', '1', '-mr', 'ecdsap256'];
  const said = execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [signs = '', verifies = ''] = said.trim().split(':').slice(-2);
  return { sign: 1e6 / Number(signs), verify: 1e6 / Number(verifies) };
}
