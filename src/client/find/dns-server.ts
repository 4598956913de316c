/**
 * Finds a server in DNS (N1): for each search domain of this host an SRV record `_latchkey._tcp` (RFC
 * 2782), or else an address `_latchkey`. DNS only provides the address; trust comes from the CA.
 */

import { randomInt } from 'node:crypto';
import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';

export type Lookup = Pick<Resolver, 'resolveSrv' | 'resolve4'>;

/** Returns a uniformly random integer from 0 to below `below`. */
export type Random = (below: number) => number;

const DEFAULT_PORT = 7300;
const TIMEOUT_MS = 1_500;
const MAX_DOMAINS = 6; // resolv.conf(5)

/** Returns host:port; undefined when DNS has none. */
export async function dnsServer(
  domains: readonly string[] = searchDomains(readText('/etc/resolv.conf')),
  lookup: Lookup = new Resolver({ timeout: TIMEOUT_MS, tries: 1 }),
  random: Random = randomInt,
): Promise<string | undefined> {
  for (const domain of domains) {
    const found = (await byService(domain, lookup, random)) ?? (await byName(domain, lookup));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns the domains of `search` or `domain` in a resolv.conf(5), whichever comes last. */
export function searchDomains(text: string): string[] {
  const lines = text.split('\n').filter((line) => /^(?:search|domain)\s/.test(line));
  const words = lines.at(-1)?.trim().split(/\s+/).slice(1) ?? [];
  const domains = words.map((word) => word.replace(/\.$/, '').toLowerCase());
  return domains.filter((domain) => /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?$/.test(domain)).slice(0, MAX_DOMAINS);
}

async function byService(domain: string, lookup: Lookup, random: Random): Promise<string | undefined> {
  const records = await lookup.resolveSrv(`_latchkey._tcp.${domain}`).catch(() => []);
  const chosen = chooseRecord(records, random);
  if (chosen === undefined || chosen.name === '' || chosen.name === '.') return undefined; // ".": none
  return `${chosen.name.replace(/\.$/, '').toLowerCase()}:${chosen.port}`;
}

/**
 * Chooses among the records with the lowest priority, in proportion to their weights (RFC 2782,
 * "Weight"). Records of weight 0 come first, so that they have a small chance beside others, and one of
 * them is chosen when all are 0.
 */
export function chooseRecord(records: readonly SrvRecord[], random: Random): SrvRecord | undefined {
  const lowest = Math.min(...records.map(({ priority }) => priority));
  const candidates = records
    .filter(({ priority }) => priority === lowest)
    .toSorted((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  let left = random(total + 1);
  return candidates.find(({ weight }) => {
    left -= weight;
    return left <= 0;
  });
}

async function byName(domain: string, lookup: Lookup): Promise<string | undefined> {
  const name = `_latchkey.${domain}`;
  const [address] = await lookup.resolve4(name).catch(() => []);
  return address === undefined ? undefined : `${address}:${DEFAULT_PORT}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
