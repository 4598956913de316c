/** More people than the world has (test/support/world), since the daemon limits each of them. */
import { appendFileSync } from 'node:fs';
import type { Account } from '../../support/account.ts';

const FIRST_UID = 7300;

/** Creates that many accounts in the world's user database. */
export function crowdOf(people: number): Account[] {
  const accounts = Array.from({ length: people }, (_, at) => {
    const name = `crowd${at + 1}`;
    return { name, uid: FIRST_UID + at, home: `/mnt/home/${name}` };
  });
  const lines = accounts.map(({ name, uid, home }) => `${name}:x:${uid}:${uid}::${home}:/bin/sh\n`);
  appendFileSync('/etc/passwd', lines.join(''));
  return accounts;
}
