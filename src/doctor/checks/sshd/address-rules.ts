/**
 * Finds rules of sshd and PAM by the address of the client. Logins through Latchkey reach sshd from
 * 127.x.y.z, so such rules do not see where a person really is.
 */
import { globSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { listedUsers } from '../../../accounts/user-database.ts';
import type { Finding, Findings } from '../../finding.ts';
import type { Subject } from '../configuration.ts';
import { pamFile, pamRules } from '../pam-service.ts';
import { type Sshd, type SshdSettings, settingsFor } from './settings.ts';

/** A login through Latchkey, as sshd sees it. */
export const THROUGH_LATCHKEY = { from: '127.9.9.9', to: '127.0.0.1' };
/** Documentation addresses, of which no rule speaks (RFC 5737, RFC 3849). */
const ELSEWHERE = [
  { from: '192.0.2.1', to: '192.0.2.2' },
  { from: '2001:db8::1', to: '2001:db8::2' },
];
const MANUAL = 'man latchkey-sshd';
const MAX_USERS = 5;
const MAX_ADDRESSES = 20;
const MAX_SHOWN = 3;
const MAX_DEPTH = 8;
/** PAM modules with rules by address, and arguments that make one. */
const PAM_BY_ADDRESS = /\b(pam_access|pam_rhosts|pam_geoip|pam_abl|pam_shield|rhost)\b/;

export async function findAddressRules({ config }: Subject, sshd: Sshd, found: Findings): Promise<Finding[]> {
  const { minUid } = config.links.eligible;
  const people = (await listedUsers()).filter(({ uid }) => uid >= minUid).slice(0, MAX_USERS);
  const users = people.length > 0 ? people.map(({ name }) => name) : ['root'];
  const findings: Finding[] = [];
  for (const user of users) {
    findings.push(...(await differencesFor(user, sshd, found)));
    if (findings.length > 0) break;
  }
  return [...findings, ...rulesOfPam(sshd.pamService, found)];
}

async function differencesFor(user: string, sshd: Sshd, found: Findings): Promise<Finding[]> {
  const near = await settingsFor(sshd, { user, ...THROUGH_LATCHKEY });
  if (near === undefined) return [];
  const rules = addressesInAllowUsers(near, sshd, found);
  const inRules = addressesIn(sshd.configFile).map((from) => ({ from, to: '192.0.2.2' }));
  for (const place of [...ELSEWHERE, ...inRules].slice(0, MAX_ADDRESSES)) {
    const far = await settingsFor(sshd, { user, ...place });
    const differences = far === undefined ? [] : differing(near, far);
    if (differences.length === 0) continue;
    const shown = differences.slice(0, MAX_SHOWN).join(', ');
    const summary = `sshd has other settings for ${user} from 127.x.y.z, where Latchkey dials from, than from ${place.from}: ${shown}`;
    const remedy = `in ${sshd.configFile}, the settings of the network for Latchkey, too: Match Address 127.0.0.0/8; ${MANUAL}`;
    return [...rules, found.warning(summary, remedy)];
  }
  return rules;
}

/** Returns what differs, such as `authenticationmethods is "any", not "publickey"`. */
function differing(near: SshdSettings, far: SshdSettings): string[] {
  const keywords = [...new Set([...near.keys(), ...far.keys()])];
  return keywords.flatMap((keyword) => {
    const [here, there] = [near, far].map((settings) => settings.get(keyword)?.join(' ') ?? '');
    return here === there ? [] : [`${keyword} is "${here}", not "${there}"`];
  });
}

function addressesInAllowUsers(settings: SshdSettings, { configFile }: Sshd, found: Findings): Finding[] {
  return ['allowusers', 'denyusers'].flatMap((keyword) => {
    const patterns = (settings.get(keyword) ?? []).filter((pattern) => pattern.includes('@'));
    if (patterns.length === 0) return [];
    const summary = `sshd admits users by address (${keyword} ${patterns.join(' ')}); Latchkey dials from 127.x.y.z`;
    const remedy = `in ${configFile}: ${keyword} with USER@127.0.0.0/8 for those who may use Latchkey; ${MANUAL}`;
    return [found.warning(summary, remedy)];
  });
}

/** Returns an address for each pattern in `Match Address` lines, of included files, too. */
function addressesIn(file: string, depth = 0): string[] {
  const text = readable(file);
  const own = [...text.matchAll(/^\s*Match\s.*\bAddress[ \t=]+(\S+)/gim)].flatMap(([, list = '']) =>
    list.split(',').flatMap(addressOf),
  );
  if (depth >= MAX_DEPTH) return own;
  const included = [...text.matchAll(/^\s*Include[ \t=]+(.+)$/gim)].flatMap(([, patterns = '']) =>
    patterns
      .trim()
      .split(/\s+/)
      .flatMap((pattern) => globSync(resolve(dirname(file), pattern))),
  );
  return [...new Set([...own, ...included.flatMap((path) => addressesIn(path, depth + 1))])];
}

/** Returns an address that fits a pattern such as `10.0.0.0/8`, `192.168.*` or `!::1`, if there is one. */
function addressOf(pattern: string): string[] {
  const [plain = ''] = pattern.replace(/^"?!?/, '').replace(/"$/, '').split('/');
  const parts = plain.replaceAll('*', '1').replaceAll('?', '1').split('.');
  const filled = parts.length > 1 ? [...parts, '1', '1', '1'].slice(0, 4).join('.') : plain;
  return isIP(filled) === 0 ? [] : [filled];
}

function rulesOfPam(service: string, found: Findings): Finding[] {
  const [, rule] = pamRules(service).flatMap(({ line }) => PAM_BY_ADDRESS.exec(line) ?? []);
  if (rule === undefined) return [];
  const summary = `${pamFile(service)} has rules by address (${rule}), which cannot be looked into: they see 127.x.y.z for every login through Latchkey`;
  return [found.warning(summary, `rules for 127.0.0.0/8 as strict as those for the network; ${MANUAL}`)];
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
