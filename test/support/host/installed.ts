/** Installs the program in the world as the package does: /usr/bin, sudoers, PAM, /run. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { service } from '../account.ts';
import { program } from '../program.ts';

const PACKAGE = join(import.meta.dirname, '../../../build/package');
/** Path of the sudoers file in the clone. */
export const SUDOERS = join(PACKAGE, 'sudoers');
/** Folder where links that sudo starts look for the server. */
export const RUN_FOLDER = '/run/latchkey';

const PLACE = '/usr/bin/latchkey';
const CHANGES = '/mnt/usr-bin';
/** PAM service: its account phase checks what those of the host's other services check. */
const PAM = 'account required pam_unix.so\n';

/** Installs the program, or the script `instead`. */
export function install(instead?: { script: string }): void {
  overlayPrograms();
  rmSync(PLACE, { force: true });
  if (instead) writeFileSync(PLACE, instead.script, { mode: 0o755 });
  else symlinkSync(program(), PLACE);
  copyFileSync(SUDOERS, '/etc/sudoers.d/latchkey');
  chmodSync('/etc/sudoers.d/latchkey', 0o440);
  writeFileSync('/etc/pam.d/latchkey', PAM);
  copyFileSync(join(PACKAGE, 'pam-link'), '/etc/pam.d/latchkey-link');
  mkdirSync(RUN_FOLDER, { recursive: true, mode: 0o755 });
  chownSync(RUN_FOLDER, service.uid, service.uid);
}

/** Gives the world a /usr/bin of its own, once. */
function overlayPrograms(): void {
  if (existsSync(CHANGES)) return;
  const upper = join(CHANGES, 'upper');
  const work = join(CHANGES, 'work');
  for (const folder of [CHANGES, upper, work]) mkdirSync(folder, { mode: 0o755 });
  const layers = `lowerdir=/usr/bin,upperdir=${upper},workdir=${work}`;
  execFileSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', '/usr/bin']);
}
