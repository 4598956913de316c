/** Debian packages with the programs that tests, benchmarks and pictures need. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Returns the packages of those `programs` that are missing; each program is mapped to its package. */
export function packagesFor(programs: Readonly<Record<string, string>>): string[] {
  return Object.entries(programs).flatMap(([program, name]) => (isThere(program) ? [] : [name]));
}

/** Installs packages, as root. */
export function install(packages: readonly string[]): void {
  const names = [...new Set(packages)];
  if (names.length === 0) return;
  process.stderr.write(`Installing ${names.join(' ')} ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of [
    ['update', '-qq'],
    ['install', '-yqq', '--no-install-recommends', ...names],
  ]) {
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
