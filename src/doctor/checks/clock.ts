/** Tokens and certificates go by the clock. */
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
  const begun = [
    { at: COMMITTED_AT_MS, what: 'this program was made' },
    { at: authorityBegan(subject), what: "the server's authority was made" },
  ].find(({ at }) => at !== undefined && nowMs < at);
  if (begun !== undefined) return found.problem(`it is ${now}, which is before ${begun.what}`, SET);
  try {
    if (isClockSynchronised()) return found.ok(`${now}, kept right by a time service, says the kernel`);
    return found.warning(`${now}, and nothing keeps it right, says the kernel`, SET);
  } catch (error) {
    return found.skipped(`the kernel does not say whether it is right: ${codeOf(error)}`);
  }
}

function authorityBegan({ account, config }: Subject): number | undefined {
  try {
    const pem = asAccount(account, () => readPrivateFile(join(config.paths.pki, 'ca.pem')));
    return pem && new X509Certificate(pem).validFromDate.getTime();
  } catch {
    return undefined; // told by the checks of files and certificates
  }
}
