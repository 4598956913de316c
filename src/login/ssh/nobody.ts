/** Asks sshd as for a name that no account has, so that a refusal looks and lasts like any other. */
import { randomBytes } from 'node:crypto';
import { inert } from '../../inert.ts';
import type { Credentials } from './connection/authentication.ts';

/**
 * Returns the credentials with a random name that no account has. Where sshd repeats that name, such as in
 * the prompt of pam_oath(8), the person reads the name of `credentials`.
 */
export function asNobody({ username, password, person }: Credentials): Credentials {
  const nobody = `nobody-${randomBytes(8).toString('hex')}`;
  const named = (text: string): string => text.replaceAll(nobody, inert(username));
  return {
    username: nobody,
    password,
    person: {
      tell: (text) => person.tell(named(text)),
      ask: ({ name, instruction, prompts }) =>
        person.ask({
          name: named(name),
          instruction: named(instruction),
          prompts: prompts.map(({ text, echo }) => ({ text: named(text), echo })),
        }),
    },
  };
}
