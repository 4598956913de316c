/** The message of a link whose account PAM refuses, which the server finds in the output of sudo(8). */

const REFUSAL = /^latchkey link: (account .* may not be used now: .*)$/m;

/** Returns the message; `why` is in one line. */
export function accountRefusal(user: string, why: string): string {
  return `account ${user} may not be used now: ${why}`;
}

/** Returns the message in what `latchkey link` printed on standard error, if there is one. */
export function accountRefusalIn(stderr: string): string | undefined {
  return REFUSAL.exec(stderr)?.[1];
}
