/**
 * The server that DNS names (N1): for each search domain of this host a SRV record `_latchkey._tcp`
 * (RFC 2782), else an address `_latchkey`. DNS says only where to dial; whom to believe is the CA's to say.
 */

import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';

export type Lookup = Pick<Resolver, 'resolveSrv' | 'resolve4'>;

const DEFAULT_PORT = 7300;
const TIMEOUT_MS = 1_500;
const MOST_DOMAINS = 6; // resolv.conf(5)

/** host:port; undefined when DNS names none. */
export async function dnsServer(
  domains: readonly string[] = searchDomains(readText('/etc/resolv.conf')),
  lookup: Lookup = new Resolver({ timeout: TIMEOUT_MS, tries: 1 }),
): Promise<string | undefined> {
  for (const domain of domains) {
    const found = (await byService(domain, lookup)) ?? (await byName(domain, lookup));
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

async function byService(domain: string, lookup: Lookup): Promise<string | undefined> {
  const records = await lookup.resolveSrv(`_latchkey._tcp.${domain}`).catch(() => []);
  const [best] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
  if (best === undefined || best.name === '' || best.name === '.') return undefined; // "." means: not here
  return `${best.name.replace(/\.$/, '').toLowerCase()}:${best.port}`;
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
