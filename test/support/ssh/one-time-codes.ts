/** The second factor of the world: pam_oath(8), and the codes that a phone would show. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const SECRET = '3132333435363738393031323334353637383930';
const USERS = '/mnt/users.oath';
const STEP_SECONDS = 30;

/**
 * Returns lines for a PAM service: only `names` are asked for a code besides their password. `module` is
 * pam_oath or a copy of it.
 */
export function askForCodes(names: readonly string[], module = 'pam_oath.so'): string {
  writeFileSync(USERS, names.map((name) => `HOTP/T${STEP_SECONDS}/6\t${name}\t-\t${SECRET}\n`).join(''), {
    mode: 0o600,
  });
  const others = `auth [success=1 default=ignore] pam_succeed_if.so quiet user notin ${names.join(':')}`;
  return `${others}\nauth required ${module} usersfile=${USERS} window=5 digits=6\n`;
}

/**
 * Returns the present code, or that of `steps` later: pam_oath accepts each once, and none before the last.
 */
export function code(steps = 0): string {
  const when = `now + ${steps * STEP_SECONDS} seconds`;
  return execFileSync('oathtool', ['--totp', '-N', when, SECRET], { encoding: 'utf8' }).trim();
}
