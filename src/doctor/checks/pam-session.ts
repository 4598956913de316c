/** Compares what PAM gives to links that sudo starts with what it gives to logins over SSH. */
import { lstatSync } from 'node:fs';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';
import { pamFile, pamRules } from './pam-service.ts';
import { THROUGH_LATCHKEY } from './sshd/address-rules.ts';
import { findSshd, settingsFor } from './sshd/settings.ts';

/** Service of the PAM sessions that sudo opens for links (build/package/pam-link). */
export const LINK_SERVICE = 'latchkey-link';
const FILE = pamFile(LINK_SERVICE);
const MANUAL = 'man latchkey-pam';
const REINSTALL = 'apt-get install --reinstall -o Dpkg::Options::=--force-confmiss latchkey';
const WRITABLE_BY_OTHERS = 0o022;
/** Modules for logind and for a person at a terminal, and those that only decide for others. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'pam_deny',
  'pam_elogind',
  'pam_lastlog',
  'pam_lastlog2',
  'pam_mail',
  'pam_motd',
  'pam_permit',
  'pam_selinux',
  'pam_systemd',
]);

export async function checkPamSession({ config }: Subject, uid: number): Promise<Finding[]> {
  if (config.mode === 'self' || !config.links.sudo) return [];
  const found = new Findings('pam');
  const entry = lstatSync(FILE, { throwIfNoEntry: false });
  if (entry === undefined)
    return [
      found.warning(
        `${FILE} is missing: links get the PAM session of ${pamFile('other')}`,
        `${REINSTALL}; ${MANUAL}`,
      ),
    ];
  if (!entry.isFile() || entry.uid !== 0 || (entry.mode & WRITABLE_BY_OTHERS) !== 0)
    return [
      found.problem(
        `${FILE} can be changed by users other than root`,
        `chown root:root ${FILE} && chmod 0644 ${FILE}`,
      ),
    ];
  const service = uid === 0 ? await sshdService(config.login.ssh) : undefined;
  const lacking = service === undefined ? [] : modulesLacking(service, found);
  return lacking.length > 0 ? lacking : [found.ok(`${FILE} gives links what a login over SSH has`)];
}

/** Returns the PAM service of the sshd that logins go to; undefined for none, and when it uses no PAM. */
async function sshdService({ host, port }: Subject['config']['login']['ssh']): Promise<string | undefined> {
  const sshd = await findSshd(host, port);
  const settings = sshd && (await settingsFor(sshd, { user: 'root', ...THROUGH_LATCHKEY }));
  if (sshd === undefined || settings?.get('usepam')?.[0] !== 'yes') return undefined;
  return settings.get('pamservicename')?.[0] ?? sshd.pamService;
}

function modulesLacking(service: string, found: Findings): Finding[] {
  const known = new Set([...LEFT_OUT, ...sessionRules(LINK_SERVICE).map(({ module }) => module)]);
  const lacking = sessionRules(service).filter(({ module }) => !known.has(module));
  return [...new Map(lacking.map((rule) => [rule.module, rule])).values()].map(({ module, line }) =>
    found.warning(
      `sshd opens sessions with ${module} (${pamFile(service)}), and links get none from it`,
      `in ${FILE}: ${line}; ${MANUAL}`,
    ),
  );
}

function sessionRules(service: string): ReturnType<typeof pamRules> {
  return pamRules(service).filter(({ type }) => type === 'session');
}
