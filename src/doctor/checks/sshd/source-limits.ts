/** Judges sshd's limits by source for a server that dials from loopback (sshd_config(5), PerSource...). */
import { SLOT_LIMITS } from '../../../login/ssh/login-slots.ts';
import type { Finding, Findings } from '../../finding.ts';
import type { SshdSettings } from './settings.ts';

/** Logins that dial sshd at once, in all and from one source. */
const { total: AT_ONCE, perSource: AT_ONCE_PER_SOURCE } = SLOT_LIMITS;
const WHOLE_ADDRESS = 32;
const LOOPBACK = '127.0.0.0/8';

export interface Dialling {
  /** login.ssh.host */
  readonly host: string;
  readonly configFile: string;
}

export function judgeSourceLimits(
  settings: SshdSettings,
  { host, configFile }: Dialling,
  found: Findings,
): Finding[] {
  const value = (keyword: string): string => settings.get(keyword)?.[0] ?? '';
  const bits = Number.parseInt(value('persourcenetblocksize') || `${WHOLE_ADDRESS}`, 10);
  const isShared = !host.startsWith('127.') || bits < WHOLE_ADDRESS;
  const why = host.startsWith('127.')
    ? `it counts networks of ${bits} bits together (PerSourceNetBlockSize)`
    : `login.ssh.host is ${host}, which it sees as the client of each`;
  const range = host.startsWith('127.') ? LOOPBACK : host;
  const warnings: Finding[] = [];
  const add = (summary: string, line: string): void => {
    warnings.push(found.warning(summary, `in ${configFile}: ${line}; man latchkey-sshd`));
  };
  const penalties = value('persourcepenalties');
  const isExempt = value('persourcepenaltyexemptlist').split(',').includes(range);
  if (isShared && penalties !== '' && penalties !== 'no' && !isExempt)
    add(
      `sshd's penalties hit all logins through Latchkey when one fails: ${why}`,
      `PerSourcePenaltyExemptList ${range}`,
    );
  const wanted = isShared ? AT_ONCE : AT_ONCE_PER_SOURCE;
  const perSource = Number.parseInt(value('persourcemaxstartups'), 10); // "none" without limit
  if (perSource < wanted)
    add(
      `sshd takes ${perSource} unfinished logins from one source at once; Latchkey makes up to ${wanted}`,
      `PerSourceMaxStartups ${wanted}`,
    );
  const startups = Number.parseInt(value('maxstartups'), 10);
  if (startups <= AT_ONCE)
    add(
      `sshd begins to drop connections at ${startups} unfinished logins (MaxStartups), of which Latchkey makes up to ${AT_ONCE}`,
      'MaxStartups 20:30:100',
    );
  return warnings;
}
