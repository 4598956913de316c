/**
 * Copies the files of Debian's essential packages and of a few others into a folder to chroot(2) into: what
 * debootstrap's "minbase" makes, without apt, from this host.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Folders that are links into /usr on newer systems. */
const LINKED = ['bin', 'sbin', 'lib', 'lib64'];
/** Files that the packages' scripts write. */
const WRITTEN = ['passwd', 'group', 'shadow', 'nsswitch.conf', 'shells'];
const UNREAD = /^\/usr\/share\/(doc|info|locale|man)\//;

/** Makes the system in `folder`, with /proc and /dev mounted. Throws when dpkg does not know the packages. */
export function makeMinimalSystem(folder: string, packages: readonly string[]): void {
  for (const name of LINKED.filter((path) => lstatSync(`/${path}`).isSymbolicLink())) {
    mkdirSync(join(folder, 'usr', name), { recursive: true });
    symlinkSync(join('usr', name), join(folder, name));
  }
  const listed = execFileSync('dpkg-query', ['-L', ...closure(packages)], { encoding: 'utf8' }).split('\n');
  const files = [...new Set(listed)].filter((file) => existsSync(file) && !UNREAD.test(file));
  const pack = 'tar --no-recursion -C / -cf - --null -T - | tar --keep-directory-symlink -C "$0" -xpf -';
  execFileSync('sh', ['-c', pack, folder], { input: files.map((file) => `.${file}`).join('\0') });
  for (const name of WRITTEN) copyFileSync(join('/etc', name), join(folder, 'etc', name));
  for (const name of ['proc', 'dev', 'tmp', 'run', 'root'])
    mkdirSync(join(folder, name), { recursive: true });
  execFileSync('mount', ['-t', 'proc', 'proc', join(folder, 'proc')]);
  execFileSync('mount', ['--rbind', '/dev', join(folder, 'dev')]);
}

/** Returns the essential packages, `packages`, and all that they depend on. */
function closure(packages: readonly string[]): string[] {
  const format = '$' + '{Package}\t$' + '{Essential}\t$' + '{Pre-Depends}, $' + '{Depends}\n';
  const rows = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' }).trim().split('\n');
  const needs = new Map<string, string[]>();
  const wanted = [...packages];
  for (const row of rows) {
    const [name = '', essential, depends = ''] = row.split('\t');
    needs.set(name, depends.match(/[a-z0-9][a-z0-9+.-]+(?=[\s:,|(]|$)/g) ?? []);
    if (essential === 'yes') wanted.push(name);
  }
  const found = new Set<string>();
  for (const name of wanted) {
    const depends = needs.get(name);
    if (depends === undefined || found.has(name)) continue;
    found.add(name);
    wanted.push(...depends);
  }
  return [...found];
}
