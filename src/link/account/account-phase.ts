/** PAM's account phase, where the host has a PAM service of ours (DESIGN 7.1). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { AppError } from '../../errors.ts';
import { cleanEnvironment, reExecCommand } from '../processes/re-exec.ts';

const SERVICE = 'latchkey';
export const SERVICE_FILE = `/etc/pam.d/${SERVICE}`;
const PATIENCE_MS = 10_000;
const [ALLOWED, REFUSED] = [0, 1];

/**
 * Throws NOT_ELIGIBLE unless PAM lets the account be used now; nothing where the service is not set up. Asks in
 * a process of its own: PAM's modules are not to stay in a link, or to hold it up.
 */
export async function checkAccountPhase(user: string, argv: readonly string[]): Promise<void> {
  if (!existsSync(SERVICE_FILE)) return;
  const [program, words] = reExecCommand(argv, ['--check-account', user]);
  const env = cleanEnvironment(process.env);
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: PATIENCE_MS });
  let message = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    message = (message + text).slice(0, 500);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status === ALLOWED) return;
  throw refused(user, message.trim() || 'PAM gave no answer');
}

/** The same in this process, for one that ends right after. */
export async function checkAccountPhaseHere(user: string): Promise<void> {
  if (!existsSync(SERVICE_FILE)) return;
  const { askAccountPhase } = await import('../../native/pam.ts');
  const { allowed, message } = askAccountPhase(SERVICE, user);
  if (!allowed) throw refused(user, message);
}

function refused(user: string, why: string): AppError {
  return new AppError('NOT_ELIGIBLE', `the account ${user} may not be used now: ${why}`);
}

/** The child's part: asks, prints why not, and resolves with the exit status. */
export async function answerAccountPhase(user: string): Promise<number> {
  const { askAccountPhase } = await import('../../native/pam.ts');
  const { allowed, message } = askAccountPhase(SERVICE, user);
  if (!allowed) process.stdout.write(`${message}\n`);
  return allowed ? ALLOWED : REFUSED;
}
