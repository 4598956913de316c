/** The package in a booted system, and a user of the world who has the system's CA. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, runAs } from '../account.ts';
import type { BootedSystem } from './booted-system.ts';
import { DebianPackage } from './debian-package.ts';

const FILE = '/srv/latchkey.deb';

/** Copies the package into the system, and returns its path there. */
export function givePackage(
  system: BootedSystem,
  options?: Parameters<typeof DebianPackage.make>[0],
): string {
  using made = DebianPackage.make(options);
  system.give(made.file, FILE);
  return FILE;
}

/** Stores the system's CA for `account`, as `latchkey trust` does. */
export async function trust(system: BootedSystem, account: Account): Promise<void> {
  const folder = join(account.home, '.config/latchkey/servers', `${system.address}_7300`);
  const ca = await system.sh('cat /var/lib/latchkey/pki/ca.pem');
  await runAs(account, ['mkdir', '-p', folder]).finished;
  writeFileSync(join(folder, 'ca.pem'), `${ca}\n`);
}
