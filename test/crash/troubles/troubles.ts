import { whyNoTracing } from '../../support/disk/traced.ts';
import { packagesFor } from '../../support/host/packages.ts';
import { FailingSync } from './failing-sync.ts';
import { FullDisk } from './full-disk.ts';
import { PowerCut, whyNotPowerCut } from './power-cut.ts';
import { Trouble } from './trouble.ts';

export const TROUBLES = ['none', 'disk', 'fsync', 'power'] as const;
export type TroubleName = (typeof TROUBLES)[number];

export function troubleOf(name: TroubleName): Trouble {
  const makes = { none: Trouble, disk: FullDisk, fsync: FailingSync, power: PowerCut };
  return new makes[name]();
}

/** The Debian packages that the loop needs, by the program of each that it runs. */
const PROGRAMS = { sshd: 'openssh-server', 'ssh-keygen': 'openssh-client', chpasswd: 'passwd' };
const MORE_PROGRAMS: Partial<Record<TroubleName, Readonly<Record<string, string>>>> = {
  fsync: { strace: 'strace' },
  power: { 'mkfs.ext4': 'e2fsprogs' },
};

/** Returns why a loop with `name` is impossible on this host; undefined when it is possible. */
export function whyNotTrouble(name: TroubleName): string | undefined {
  const packages = packagesFor({ ...PROGRAMS, ...MORE_PROGRAMS[name] }).join(' ');
  if (packages !== '') return `needs ${packages}; as root: apt-get install ${packages}`;
  if (name === 'fsync') return whyNoTracing();
  if (name === 'power') return whyNotPowerCut();
  return undefined;
}
