/** The truth about an account's processes, as root sees it from outside of the program. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Account } from '../account.ts';

export interface TrueProcess {
  readonly pid: number;
  readonly command: string;
}

/** Returns the living processes of an account, zombies excluded. */
export function processesOf({ uid }: Pick<Account, 'uid'>): TrueProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const isTheirs = new RegExp(`^Uid:\\t${uid}\\t`, 'm').test(status) && !/^State:\t[ZX]/m.test(status);
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return isTheirs ? [{ pid: Number(name), command }] : [];
    } catch {
      return []; // it has ended
    }
  });
}
