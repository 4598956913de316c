/** The contents of the Debian package. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonManual } from '../../../src/cli/output/json-manual.ts';
import { latchkey, myself } from '../../support/account.ts';
import { DebianPackage } from '../../support/host/debian-package.ts';
import { needs } from '../../support/needs.ts';

let made: DebianPackage;
let tree: string;

function run(command: string, ...argv: string[]): { stdout: string; stderr: string } {
  return spawnSync(command, argv, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '80' },
  });
}

// Building the package checks the sudoers file.
describe('the .deb', needs('visudo'), () => {
  beforeAll(() => {
    made = DebianPackage.make();
    tree = mkdtempSync(join(tmpdir(), 'tree-'));
    execFileSync('dpkg-deb', ['--extract', made.file, tree]);
  }, 300_000);
  afterAll(() => {
    made?.[Symbol.dispose]();
    rmSync(tree, { recursive: true, force: true });
  });

  test('passes lintian', { ...needs('lintian'), timeout: 300_000 }, () => {
    const { stdout } = run('lintian', '--allow-root', '--no-tag-display-limit', '--fail-on=none', made.file);
    expect(stdout.split('\n').filter((line) => line.startsWith('E:'))).toEqual([]);
  });

  test('installs each file in its place, writable by root alone, and declares its dependencies', () => {
    const rows = run('dpkg-deb', '--contents', made.file).stdout.trim().split('\n');
    const files = rows.map((row) => row.split(/\s+/)).filter(([mode]) => mode?.startsWith('-'));
    const pages = /^\.\/usr\/share\/man\//;
    const others = files.filter(([, , , , , path = '']) => !pages.test(path));
    expect(others.map(([mode, owner, , , , path = '']) => `${mode} ${owner} ${path.slice(1)}`)).toEqual([
      '-rw-r--r-- root/root /etc/fail2ban/filter.d/latchkey.conf',
      '-rw-r--r-- root/root /etc/latchkey/config.yaml',
      '-rw-r--r-- root/root /etc/pam.d/latchkey',
      '-rw-r--r-- root/root /etc/pam.d/latchkey-link',
      '-r--r----- root/root /etc/sudoers.d/latchkey',
      '-rwxr-xr-x root/root /usr/bin/latchkey',
      '-rw-r--r-- root/root /usr/lib/systemd/system/latchkey.service',
      '-rw-r--r-- root/root /usr/lib/systemd/system/latchkey.socket',
      '-rw-r--r-- root/root /usr/lib/systemd/system/run-latchkey-links.mount',
      '-rw-r--r-- root/root /usr/lib/sysusers.d/latchkey.conf',
      '-rw-r--r-- root/root /usr/lib/tmpfiles.d/latchkey.conf',
      '-rw-r--r-- root/root /usr/share/bash-completion/completions/latchkey',
      '-rw-r--r-- root/root /usr/share/doc/latchkey/changelog.gz',
      '-rw-r--r-- root/root /usr/share/doc/latchkey/copyright',
      '-rw-r--r-- root/root /usr/share/fish/vendor_completions.d/latchkey.fish',
      '-rw-r--r-- root/root /usr/share/lintian/overrides/latchkey',
      '-rw-r--r-- root/root /usr/share/zsh/vendor-completions/_latchkey',
    ]);
    const field = (name: string): string[] =>
      run('dpkg-deb', '--field', made.file, name).stdout.trim().split(/, /);
    expect(field('Depends')).toEqual(expect.arrayContaining(['libatomic1', 'libstdc++6 (>= 6)']));
    expect(field('Recommends')).toEqual(['openssh-server', 'sudo (>= 1.9.9)']);
    const kept = run('dpkg-deb', '--info', made.file, 'conffiles').stdout.trim().split('\n');
    expect(kept).toEqual(
      files.map(([, , , , , path = '']) => path.slice(1)).filter((p) => p.startsWith('/etc/')),
    );
  });

  test('has a manual page for the program, each command, and the configuration', needs('man'), () => {
    const pages = readdirSync(join(tree, 'usr/share/man'), { recursive: true, encoding: 'utf8' });
    for (const page of [
      'latchkey.1',
      'latchkey-start.1',
      'latchkey-serve.8',
      'latchkey-config.5',
      'latchkey-json.5',
      'latchkey-log.5',
      'latchkey-pam.7',
      'latchkey-sshd.7',
    ])
      expect(pages.some((path) => path.endsWith(`/${page}.gz`))).toBe(true);
    for (const path of pages.filter((page) => page.endsWith('.gz'))) {
      const file = join(tree, 'usr/share/man', path);
      const rendered = ['--warnings', '--encoding=UTF-8', '-Tutf8', '--ditroff', '--local-file', file];
      expect(run('man', ...rendered).stderr).toBe('');
    }
    const shown = run('man', '--local-file', join(tree, 'usr/share/man/man1/latchkey-tokens.1.gz'));
    expect(shown.stdout).toMatch(/LATCHKEY TOKENS REVOKE\n.*revoke \[options\] \[jti/);
  });

  test('has in latchkey-json(5) everything that --json prints, with its type', needs('man'), () => {
    const file = join(tree, 'usr/share/man/man5/latchkey-json.5.gz');
    const page = run('man', '--no-hyphenation', '--local-file', file).stdout;
    const shown = page.replaceAll(/\s+/g, ' ');
    const { documents, events, failure, objects } = jsonManual();
    for (const [name, members] of Object.entries({ ...documents, ...events, failure, ...objects })) {
      const entries = Object.entries(members).map(([each, { type, about }]) => `${each} (${type}) ${about}`);
      expect(shown).toContain([name, ...entries.map((entry) => entry.trim())].join(' '));
    }
  });

  test('has a configuration file that lists every setting, and changes none', async () => {
    const file = join(tree, 'etc/latchkey/config.yaml');
    const show = async (): Promise<{ name: string; value: unknown; source: string }[]> => {
      const { stdout, stderr } = await latchkey(myself(), ['config', 'show', '--json', '--config', file])
        .finished;
      expect(stderr).toBe('');
      return JSON.parse(stdout).settings;
    };
    const untouched = await show();
    expect(untouched.filter(({ source }) => source !== 'default')).toEqual([]);
    // Every line that is a setting, without its "#".
    const set = readFileSync(file, 'utf8').replaceAll(/^#( *[a-z_]+:)/gm, '$1');
    writeFileSync(file, myself().uid === 0 ? set : set.replaceAll('[::]:', '127.0.0.1:'));
    const written = await show();
    expect(written.filter(({ source }) => source !== 'file')).toEqual([]);
    expect(written.map(({ name, value }) => [name, value])).toEqual(
      untouched.map(({ name, value }) => [name, value]),
    );
  });
});
