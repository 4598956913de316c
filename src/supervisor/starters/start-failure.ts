/** Explains why sudo has started no link, as far as its user may know. */
import { AppError } from '../../errors.ts';
import { accountRefusalIn } from '../../link-protocol/account-refusal.ts';
import { safeText } from '../connection/link-error.ts';
import { REFUSAL } from './starter.ts';

export interface EndOfSudo {
  /** Null when a signal ended it, as sudo ends itself when one has ended its command. */
  readonly status: number | null | 'late';
  readonly stderr: string;
}

const NO_SESSION = /^sudo: pam_open_session: (.*)$/m;
/** Failures of sudo, of Node and of the link for want of memory, processes or descriptors. */
const TOO_LOW =
  /out of memory|cannot allocate memory|resource temporarily unavailable|the link was ended by SIG|the helper process exited|\b(ENOMEM|EAGAIN|EMFILE)\b/i;
const LIMITS = 'limits.conf(5): as, data, nofile, nproc; see latchkey-pam(7)';

/** Returns the error for a sudo that has ended without starting a link, or has not ended in time. */
export function startFailure(end: EndOfSudo): AppError {
  const { status, stderr } = end;
  const ended = status === 'late' ? 'sudo has not ended' : `sudo ended with ${status ?? 'a signal'}`;
  const message = `${ended}: ${safeText(stderr.trim())}`;
  const refusal = refusalIn(end);
  if (refusal === undefined) return new AppError('UNAVAILABLE', message);
  const details = { [REFUSAL]: safeText(refusal) };
  return new AppError('UNAVAILABLE', `${message} (${safeText(refusal)})`, { details });
}

function refusalIn({ status, stderr }: EndOfSudo): string | undefined {
  const [, session] = NO_SESSION.exec(stderr) ?? [];
  if (session !== undefined) return `PAM opens no session for the account: ${session}`;
  // Node waits for its threads for ever when they cannot be created.
  if (status === 'late')
    return `it did not start in time, perhaps because its limits are too low (${LIMITS})`;
  const isTooLow = status === null || TOO_LOW.test(stderr);
  return accountRefusalIn(stderr) ?? (isTooLow ? `its limits are too low (${LIMITS})` : undefined);
}
