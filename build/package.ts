/**
 * Builds the Debian package of dist/latchkey: the program, its configuration, its manual, and the files
 * for systemd, sudo, PAM and the shells. The files of build/package/ are copied unchanged, except for
 * @NAMES@ in control.
 *   node build/package.ts [--program FILE] [--out FOLDER] [--fast]
 * Prints the path of the package. --fast compresses less, for tests.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BASH } from '../src/cli/completion/bash.ts';
import { FISH } from '../src/cli/completion/fish.ts';
import { ZSH } from '../src/cli/completion/zsh.ts';
import { buildProgram } from '../src/cli/program.ts';
import { processIo } from '../src/terminal/io.ts';
import { defaultConfig } from './package/default-config.ts';
import { manual } from './package/manual.ts';
import { Tree } from './package/tree.ts';

const UNITS = '/usr/lib/systemd/system';

/** Installed path and mode of each file of build/package/. */
const PLACES = [
  ['latchkey.service', `${UNITS}/latchkey.service`, 0o644],
  ['latchkey.socket', `${UNITS}/latchkey.socket`, 0o644],
  ['run-latchkey-links.mount', `${UNITS}/run-latchkey-links.mount`, 0o644],
  ['sysusers', '/usr/lib/sysusers.d/latchkey.conf', 0o644],
  ['tmpfiles', '/usr/lib/tmpfiles.d/latchkey.conf', 0o644],
  ['sudoers', '/etc/sudoers.d/latchkey', 0o440],
  ['pam', '/etc/pam.d/latchkey', 0o644],
  ['pam-link', '/etc/pam.d/latchkey-link', 0o644],
  ['fail2ban.conf', '/etc/fail2ban/filter.d/latchkey.conf', 0o644],
  ['copyright', '/usr/share/doc/latchkey/copyright', 0o644],
  ['lintian-overrides', '/usr/share/lintian/overrides/latchkey', 0o644],
  ['conffiles', '/DEBIAN/conffiles', 0o644],
  ['postinst', '/DEBIAN/postinst', 0o755],
  ['prerm', '/DEBIAN/prerm', 0o755],
  ['postrm', '/DEBIAN/postrm', 0o755],
] as const;

const COMPLETIONS = [
  [BASH, '/usr/share/bash-completion/completions/latchkey'],
  [ZSH, '/usr/share/zsh/vendor-completions/_latchkey'],
  [FISH, '/usr/share/fish/vendor_completions.d/latchkey.fish'],
] as const;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const root = dirname(import.meta.dirname);
const parts = join(import.meta.dirname, 'package');
const { program, out, fast } = parseArgs({
  options: {
    program: { type: 'string', default: join(root, 'dist/latchkey') },
    out: { type: 'string', default: join(root, 'dist') },
    fast: { type: 'boolean', default: false },
  },
}).values;

for (const tool of ['/usr/sbin/visudo', '/usr/bin/dpkg-deb'])
  if (!existsSync(tool)) {
    process.stderr.write(
      `Building the package needs ${tool}. On Debian or Ubuntu: apt-get install sudo dpkg\n`,
    );
    process.exit(1);
  }

const version = JSON.parse(run(program, 'version', '--json')).version as string;
const architecture = ARCHITECTURES[process.arch] ?? process.arch;
const author = ofCommit('%an <%ae>') ?? 'Latchkey <latchkey@localhost>';
/** Time of the commit, so that the same commit gives the same package. */
const madeAt = new Date(1000 * Number(process.env.SOURCE_DATE_EPOCH ?? ofCommit('%ct') ?? Date.now() / 1000));

using tree = new Tree();
// A mistake in this file could break sudo for everybody.
run('/usr/sbin/visudo', '--check', '--strict', '--quiet', `--file=${join(parts, 'sudoers')}`);
for (const [from, to, mode] of PLACES) tree.copy(join(parts, from), to, mode);
tree.copy(program, '/usr/bin/latchkey', 0o755);
tree.put('/etc/latchkey/config.yaml', defaultConfig());
for (const [script, to] of COMPLETIONS) tree.put(to, script);
const commands = buildProgram(() => async () => {}, processIo());
const pages = manual({ program: commands, version, date: madeAt.toISOString().slice(0, 10) });
for (const { name, section, text } of pages)
  tree.put(`/usr/share/man/man${section}/${name}.${section}.gz`, packed(text));
tree.put('/usr/share/doc/latchkey/changelog.gz', packed(changelog()));
tree.put('/DEBIAN/md5sums', tree.checksums);
tree.put('/DEBIAN/control', control());
process.stdout.write(`${makePackage()}\n`);

function makePackage(): string {
  mkdirSync(out, { recursive: true });
  const file = join(out, `latchkey_${version}_${architecture}.deb`);
  const strength = fast ? ['-Zgzip', '-z1'] : ['-Zxz'];
  const env = { ...process.env, SOURCE_DATE_EPOCH: `${Math.floor(madeAt.getTime() / 1000)}` };
  execFileSync('dpkg-deb', ['--root-owner-group', ...strength, '--build', tree.folder, file], {
    env,
    stdio: 'pipe',
  });
  return file;
}

function control(): string {
  const words: Readonly<Record<string, string>> = {
    VERSION: version,
    ARCHITECTURE: architecture,
    MAINTAINER: author,
    KIBIBYTES: `${tree.kibibytes}`,
  };
  return readFileSync(join(parts, 'control'), 'utf8').replace(
    /@([A-Z]+)@/g,
    (name, word) => words[word] ?? name,
  );
}

/** The format of deb-changelog(5). Changes are in the history of the sources. */
function changelog(): string {
  const date = madeAt.toUTCString().replace('GMT', '+0000');
  return `latchkey (${version}) stable; urgency=medium\n\n  * Version ${version}.\n\n -- ${author}  ${date}\n`;
}

/** Returns undefined for a copy without its history. */
function ofCommit(format: string): string | undefined {
  try {
    return run('git', '-C', root, 'log', '-1', `--format=${format}`);
  } catch {
    return undefined;
  }
}

/** Debian's policy: highest compression, without a timestamp. */
function packed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

function run(command: string, ...argv: string[]): string {
  return execFileSync(command, argv, { encoding: 'utf8', stdio: 'pipe' }).trim();
}
