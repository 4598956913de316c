import { existsSync } from 'node:fs';
import { SSHD } from '../../support/ssh/sshd.ts';
import { FailingSync, whyNotFailingSync } from './failing-sync.ts';
import { FullDisk } from './full-disk.ts';
import { PowerCut, whyNotPowerCut } from './power-cut.ts';
import { Trouble } from './trouble.ts';

export const TROUBLES = ['none', 'disk', 'fsync', 'power'] as const;
export type TroubleName = (typeof TROUBLES)[number];

export function troubleOf(name: TroubleName): Trouble {
  const makes = { none: Trouble, disk: FullDisk, fsync: FailingSync, power: PowerCut };
  return new makes[name]();
}

/** Returns why a loop with `name` is impossible on this host; undefined when it is possible. */
export function whyNotTrouble(name: TroubleName): string | undefined {
  if (!existsSync(SSHD)) return 'needs openssh-server';
  if (name === 'fsync') return whyNotFailingSync();
  if (name === 'power') return whyNotPowerCut();
  return undefined;
}
