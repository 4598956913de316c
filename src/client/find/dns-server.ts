/**
 * The server that DNS names (N1): for each search domain of this host a SRV record `_latchkey._tcp`
 * (RFC 2782), else an address `_latchkey`. DNS says only where to dial; whom to believe is the CA's to say.
 */

import { randomInt } from 'node:crypto';
import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';

export type Lookup = Pick<Resolver, 'resolveSrv' | 'resolve4'>;

/** A whole number from 0 to below `below`, each as likely as the others. */
export type Random = (below: number) => number;

const DEFAULT_PORT = 7300;
const TIMEOUT_MS = 1_500;
const MOST_DOMAINS = 6; // resolv.conf(5)

/** host:port; undefined when DNS names none. */
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

/** The `search` (or `domain`) of a resolv.conf(5); the last one counts. */
export function searchDomains(text: string): string[] {
  const lines = text.split('\n').filter((line) => /^(?:search|domain)\s/.test(line));
  const words = lines.at(-1)?.trim().split(/\s+/).slice(1) ?? [];
  const domains = words.map((word) => word.replace(/\.$/, '').toLowerCase());
  return domains.filter((domain) => /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?$/.test(domain)).slice(0, MOST_DOMAINS);
}

async function byService(domain: string, lookup: Lookup, random: Random): Promise<string | undefined> {
  const records = await lookup.resolveSrv(`_latchkey._tcp.${domain}`).catch(() => []);
  const chosen = chooseRecord(records, random);
  if (chosen === undefined || chosen.name === '' || chosen.name === '.') return undefined; // "." means: not here
  return `${chosen.name.replace(/\.$/, '').toLowerCase()}:${chosen.port}`;
}

/**
 * One of the records with the lowest priority, each as often as its weight says (RFC 2782, "Weight"). Those of
 * weight 0 come first, so that they have a small chance beside others, and one of them is taken where all are 0.
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
