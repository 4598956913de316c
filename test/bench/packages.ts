/** The programs of Debian that a bench needs, installed where that can be done. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Makes sure that each program is there, by the package that has it. Throws with the command that would do it. */
export function needPrograms(packages: Readonly<Record<string, string>>): void {
  const missing = Object.keys(packages).filter((program) => !isThere(program));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map((program) => packages[program] ?? program))];
  const install = ['install', '-yqq', '--no-install-recommends', ...names];
  if (process.getuid?.() !== 0) {
    throw new Error(`${missing.join(', ')} is missing here. As root: apt-get ${install.join(' ')}`);
  }
  process.stderr.write(`Installing ${names.join(' ')} ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of [['update', '-qq'], install]) {
    execFileSync('apt-get', words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

function isThere(program: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
