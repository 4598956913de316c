/** Logs in to accounts whose shell, start files or forced command do something of their own. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, mallory } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { addAccount, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2241;
const PASSWORD = 'Correct horse 11';

interface Peculiar {
  readonly shell?: string;
  /** Start files by name, in the home folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Lines of sshd_config(5) for the account. */
  readonly lines?: readonly string[];
}

const bashrc = (text: string): Peculiar => ({ shell: '/bin/bash', files: { '.bashrc': `${text}\n` } });

/** Accounts that run the program, among other things. */
const RUNNING: Readonly<Record<string, Peculiar>> = {
  welcome: bashrc('printf Welcome'),
  escapes: bashrc(String.raw`printf '\033[2J\033]0;title\007\033[31m'`),
  farewell: bashrc("trap 'printf bye; exit 3' EXIT"),
  verbose: bashrc("head -c 5000000 /dev/zero | tr '\\0' x"),
  complaining: bashrc("head -c 3000000 /dev/zero | tr '\\0' x >&2"),
  reading: bashrc('read -r line; cat >/dev/null'),
  zsh: { shell: '/usr/bin/zsh', files: { '.zshenv': 'printf Welcome\n' } },
  fish: { shell: '/usr/bin/fish', files: { '.config/fish/config.fish': 'printf Welcome\n' } },
  dash: { shell: '/bin/dash', files: { '.ssh/rc': 'echo from rc\n' } },
  notty: { lines: ['PermitTTY no', 'DisableForwarding yes', 'PermitOpen none'] },
};

/** Accounts that run something else, and what the person is told. */
const OTHERS: Readonly<Record<string, readonly [Peculiar, RegExp]>> = {
  ending: [bashrc('echo no more of this >&2; exit 1'), /ended with status 1 .*: no more of this; check/],
  fishy: [bashrc('exec fish'), /ended with status 0 /],
  silenced: [bashrc('exec >/dev/null'), /ended with status 0 /],
  limited: [
    bashrc('ulimit -v 200000'),
    /ended with (?:status 1\d\d|an unusual signal|SIG[A-Z]+) .*: Fatal process out of memory/,
  ],
  tmux: [bashrc('exec tmux'), /ended with status 1 .*: open terminal failed/],
  killed: [bashrc('kill -9 $$'), /ended with SIGKILL /],
  endless: [bashrc('yes'), /it printed more than 16 MiB/],
  replaced: [bashrc('exec cat ~/.bashrc'), /ended with status 0 .*: exec cat ~\/\.bashrc;/],
  hostile: [
    bashrc(String.raw`printf '\033]0;x\007 \342\200\256gone\n' >&2; exit 9`),
    /\\x1b\]0;x\\x07 \\u202egone;/,
  ],
  forced: [{ lines: ['ForceCommand echo only this'] }, /ended with status 0 .*: only this; .*forced command/],
  echoing: [{ lines: ['ForceCommand echo "$SSH_ORIGINAL_COMMAND"'] }, /ended with status 0 .* --prove /],
  sftp: [{ lines: ['ForceCommand internal-sftp'] }, /ended with status [01] /],
  nosession: [{ lines: ['MaxSessions 0'] }, /sshd ran nothing for nosession: .*administrator/],
  chroot: [{ lines: ['ChrootDirectory /mnt'] }, /ended with status|sshd ran nothing/],
};

let sshd: TestSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD });
  const all = {
    ...RUNNING,
    ...Object.fromEntries(Object.entries(OTHERS).map(([name, [one]]) => [name, one])),
  };
  for (const [name, account] of Object.entries(all)) makeAccount(name, account);
  const lines = Object.entries(all).flatMap(([name, { lines = [] }]) =>
    lines.length === 0 ? [] : [`Match User ${name}`, ...lines],
  );
  sshd = await TestSshd.start(PORT, { lines });
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings } } });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

function makeAccount(name: string, { shell = '/bin/sh', files = {} }: Peculiar): void {
  addAccount(name, PASSWORD, '--shell', shell);
  const { uid, gid } = statSync(`/mnt/home/${name}`);
  for (const [file, text] of Object.entries(files)) {
    const path = `/mnt/home/${name}/${file}`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chownSync(path, uid, gid);
    chmodSync(dirname(path), 0o755);
  }
}

function login(user: string, password = PASSWORD): Promise<Finished> {
  const options = { input: `${password}\n` };
  return daemon.cli(mallory, ['login', '--answers-stdin', '--', `${user}@`], options);
}

describe(
  'an account that does something of its own at each login',
  needs('world', 'sshd', 'zsh', 'fish'),
  () => {
    test.each(Object.keys(RUNNING))('%s is let in, twice', async (name) => {
      for (const _ of ['without a link', 'with one']) {
        const { status, stderr } = await login(name);
        expect({ status, stderr }, daemon.log + sshd.log).toEqual({ status: 0, stderr: '' });
      }
      expect((await daemon.cli(mallory, ['start', '--', 'id', '-un'])).stdout).toBe(`${name}\n`);
    });
  },
);

describe('an account that runs something else', needs('world', 'sshd', 'fish', 'tmux'), () => {
  test.each(Object.entries(OTHERS))('%s is told what, in one line', async (name, [, told]) => {
    const { status, stdout, stderr } = await login(name);
    expect({ status, stdout }, stderr + sshd.log).toEqual({ status: 4, stdout: '' });
    expect(stderr).toMatch(/^latchkey: the password was right, but [^\n]+\n$/);
    expect(stderr).toMatch(told);
  });

  test('is told so as often as it is tried, and let in once it is mended', async () => {
    for (let time = 0; time < 6; time += 1) expect((await login('ending')).status).toBe(4);
    const wrong = await login('ending', 'guess');
    expect(wrong).toMatchObject({ status: 3, stderr: expect.not.stringContaining('status') });
    writeFileSync('/mnt/home/ending/.bashrc', '');
    expect((await login('ending')).status).toBe(0);
  });

  test('has its status and a reason of its own in --json', async () => {
    const argv = ['login', '--json', '--answers-stdin', '--', 'tmux@'];
    const { status, stdout, stderr } = await daemon.cli(alice, argv, { input: `${PASSWORD}\n` });
    expect({ status, stdout: stdout + stderr }).toEqual({
      status: 4,
      stdout: expect.stringContaining('ACCOUNT_UNUSABLE'),
    });
  });
});
