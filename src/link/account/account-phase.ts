/** PAM's account phase, asked when the host has a PAM service named latchkey (DESIGN 7.1). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { AppError } from '../../errors.ts';
import { accountRefusal } from '../../link-protocol/account-refusal.ts';
import { hasStarted } from '../../system/has-started.ts';
import { cleanEnvironment, reExecCommand } from '../processes/re-exec.ts';

const SERVICE = 'latchkey';
export const SERVICE_FILE = `/etc/pam.d/${SERVICE}`;
const TIMEOUT_MS = 10_000;
const ALLOWED = 0;
const REFUSED = 1;

/**
 * Throws NOT_ELIGIBLE unless PAM allows the account to be used now, and UNAVAILABLE when it cannot be asked.
 * Does nothing when the PAM service is not configured. PAM runs in a child process, so that its modules
 * neither stay in the link's memory nor block it.
 */
export async function checkAccountPhase(user: string, argv: readonly string[]): Promise<void> {
  if (!existsSync(SERVICE_FILE)) return;
  const [program, words] = reExecCommand(argv, ['--check-account', user]);
  const env = cleanEnvironment(process.env);
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: TIMEOUT_MS });
  await hasStarted(child);
  let message = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    message += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status === ALLOWED) return;
  throw notAllowed(user, message.trim() || 'PAM did not answer');
}

/** Like `checkAccountPhase`, but in this process, for one that exits right afterwards. */
export async function checkAccountPhaseHere(user: string): Promise<void> {
  if (!existsSync(SERVICE_FILE)) return;
  const { askAccountPhase } = await import('../../native/pam.ts');
  const { allowed, message } = askAccountPhase(SERVICE, user);
  if (!allowed) throw notAllowed(user, message);
}

function notAllowed(user: string, why: string): AppError {
  return new AppError('NOT_ELIGIBLE', accountRefusal(user, why));
}

/**
 * The child process of `checkAccountPhase`: asks PAM, prints its reason for a refusal, resolves with the
 * exit status.
 */
export async function answerAccountPhase(user: string): Promise<number> {
  const { askAccountPhase } = await import('../../native/pam.ts');
  const { allowed, message } = askAccountPhase(SERVICE, user);
  if (!allowed) process.stdout.write(`${message}\n`);
  return allowed ? ALLOWED : REFUSED;
}
