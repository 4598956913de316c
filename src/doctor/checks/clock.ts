/** Checks the clock, since tokens and certificates depend on it. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { codeOf } from '../../errno.ts';
import { isClockSynchronised } from '../../native/clock.ts';
import { readPrivateFile } from '../../system/owned-path.ts';
import { COMMITTED_AT_MS } from '../../version.ts';
import { type Finding, Findings } from '../finding.ts';
import { asAccount } from '../identity.ts';
import type { Subject } from './configuration.ts';

const SET = 'timedatectl set-ntp true';
const found = new Findings('clock');

export function checkClock(subject: Subject, nowMs: number): Finding {
  const now = new Date(nowMs).toISOString();
  const later = [
    { at: COMMITTED_AT_MS, what: 'this program was built' },
    { at: authorityBegan(subject), what: "the server's authority was created" },
  ].find(({ at }) => at !== undefined && nowMs < at);
  if (later !== undefined) return found.problem(`it is ${now}, which is before ${later.what}`, SET);
  try {
    if (isClockSynchronised()) return found.ok(`${now}; the kernel says that the clock is synchronised`);
    return found.warning(`${now}; the kernel says that the clock is not synchronised`, SET);
  } catch (error) {
    return found.skipped(`the kernel does not say whether the clock is synchronised: ${codeOf(error)}`);
  }
}

function authorityBegan({ account, config }: Subject): number | undefined {
  try {
    const pem = asAccount(account, () => readPrivateFile(join(config.paths.pki, 'ca.pem')));
    return pem && new X509Certificate(pem).validFromDate.getTime();
  } catch {
    return undefined; // reported by the checks of files and certificates
  }
}
