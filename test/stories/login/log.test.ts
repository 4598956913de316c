/** The server's log says who logged in, who was refused, whose tokens were revoked by whom, and what ran. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, mallory, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { converse } from '../../support/server/converse.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { addAccount, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2222;
const PASSWORD = 'Correct horse 6';
const FILTER = join(import.meta.dirname, '../../../build/package/fail2ban.conf');
const ELSEWHERE = '203.0.113.66';
/** Names that look like another line, or like the rest of this one, in both forms of the log. */
const NAMES = [
  `x","event":"refused","from":"${ELSEWHERE}","outcome":"refused"`,
  `x"}\n{"level":"warn","time":"2026-11-29T08:46:06.123Z","event":"refused","from":"${ELSEWHERE}","outcome":"refused","source":"`,
  `x\n2026-11-29T08:46:06.123Z WARN  login refused event=refused from=${ELSEWHERE} outcome=refused `,
  `x WARN  login refused event=refused from=${ELSEWHERE} outcome=refused`,
  `\u2028{"level":"warn","event":"refused","from":"${ELSEWHERE}","outcome":"refused","`,
];

let sshd: TestSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD, mallory: PASSWORD });
  addAccount('gitter', PASSWORD, '--shell', '/usr/bin/git-shell');
  sshd = await TestSshd.start(PORT);
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings } } });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

interface Line {
  readonly event?: string;
  readonly level: string;
  readonly msg: string;
  readonly jti?: string;
  readonly jtis?: readonly string[];
  readonly login?: string;
  readonly session?: string;
  readonly sshFrom?: string;
}

function lines(event: string): Line[] {
  const all = daemon.log
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
  return all.filter((line) => line.event === event);
}

function login(account = alice, user = account.name): Promise<Finished> {
  return daemon.cli(account, ['login', '--answers-stdin', `${user}@`], { input: `${PASSWORD}\n` });
}

/** Runs fail2ban-regex on `log`; returns the addresses that it would count. */
function counted(log: string): string[] {
  const file = join(daemon.folder, 'log');
  writeFileSync(file, log);
  const argv = ['--out', 'ip', file, FILTER];
  return execFileSync('fail2ban-regex', argv, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe('the log', needs('world', 'sshd'), () => {
  test('has one line for a login, with the address that sshd has logged for it', async () => {
    expect(await login()).toMatchObject({ status: 0 });
    const { jti } = await daemon.as(alice).token();
    const [line, ...others] = lines('issued').filter((one) => one.jti === jti);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'info',
      login: 'alice',
      linuxUser: 'alice',
      method: 'ssh',
      from: '127.0.0.1',
    });
    expect(sshd.log).toContain(`Accepted keyboard-interactive/pam for alice from ${line?.sshFrom} `);
  });

  test('has the program of a session and its status, and never its arguments', async () => {
    const run = await daemon.cli(alice, [
      'start',
      '--env',
      'KEY=hunter3',
      '--',
      'sh',
      '-c',
      'exit 7',
      'hunter2',
    ]);
    expect(run.status).toBe(7);
    await expect.poll(() => lines('session-ended')).toHaveLength(1);
    const { jti } = await daemon.as(alice).token();
    const [started] = lines('session-started');
    expect(started).toMatchObject({ login: 'alice', linuxUser: 'alice', jti, program: 'sh' });
    expect(lines('session-ended')).toMatchObject([{ session: started?.session, login: 'alice', status: 7 }]);
    expect(daemon.log).not.toMatch(/hunter/);
  });

  test('says who has thrown whom out, and what that ended', async () => {
    const { jti } = await daemon.as(alice).token();
    const [link] = await daemon.as(alice).links();
    const session = (await daemon.cli(alice, ['start', '--detach', '--', 'sleep', '600'])).stdout.trim();
    expect((await daemon.cli(root, ['tokens', 'revoke', '--login', 'alice', '--local-admin'])).status).toBe(
      0,
    );
    const line = lines('revoked').find(({ jtis }) => jtis?.includes(jti));
    expect(line).toMatchObject({
      level: 'info',
      why: 'revoked',
      by: 'root',
      byMethod: 'local',
      from: '127.0.0.1',
      logins: ['alice'],
      links: [link?.socket],
      kept: [session],
    });
  });

  test('has other calls at level debug', () => {
    const calls = daemon.log.split('\n').filter((line) => line.includes('"msg":"call"'));
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter((line) => !line.startsWith('{"level":"debug"'))).toEqual([]);
  });

  test('says why a login was refused, and the person is not told', async () => {
    const refused = await login(mallory, 'gitter');
    expect(refused).toMatchObject({ status: 3, stderr: expect.not.stringMatching(/shell/) });
    await converse(daemon, 'alice', ['guess']);
    const all = lines('refused').filter(({ level }) => level === 'warn');
    const common = { outcome: 'refused', method: 'ssh', from: '127.0.0.1', msg: 'login refused' };
    expect(all).toMatchObject([
      {
        ...common,
        login: 'gitter',
        source: `uid ${mallory.uid}`,
        why: expect.stringMatching(/no login shell/),
      },
      {
        ...common,
        login: 'alice',
        source: 'uid 0',
        why: 'by sshd',
        sshFrom: expect.stringMatching(/^127\./),
      },
    ]);
  });
});

describe('the filter for fail2ban', needs('world', 'sshd', 'fail2ban'), () => {
  test('counts each guess, and is not misled by names that look like a line', async () => {
    const before = counted(daemon.log).length;
    for (const name of NAMES) {
      expect(await converse(daemon, name, ['guess'])).toMatchObject({ asked: { length: 2 } });
      expect(await converse(daemon, name.slice(0, 200), ['guess'])).toMatchObject({ asked: { length: 2 } });
    }
    const found = counted(daemon.log);
    expect(found.length).toBeGreaterThanOrEqual(before + NAMES.length);
    expect([...new Set(found)]).toEqual(['127.0.0.1']);
  });

  test('counts the readable form alike', async () => {
    await using human = await TestDaemon.start({
      config: { login: { ssh: sshd.settings }, log: { format: 'human' } },
    });
    for (const name of NAMES) await converse(human, name, ['guess']);
    expect(counted(human.log)).toEqual(NAMES.map(() => '127.0.0.1'));
  });

  test('counts only what is a guess', () => {
    const line = (fields: string): string =>
      `{"level":"warn","time":"2026-11-29T08:46:06.123Z",${fields},"source":"s","msg":"login refused"}\n`;
    const refused = (from: string, outcome: string): string =>
      line(`"event":"refused","from":"${from}","outcome":"${outcome}"`);
    const all = ['refused', 'abandoned', 'limited', 'unusable', 'busy'].map((outcome, at) =>
      refused(`2001:db8::${at + 1}`, outcome),
    );
    expect(counted(all.join(''))).toEqual(['2001:db8::1', '2001:db8::2']);
    expect(counted(line(`"event":"issued","from":"192.0.2.1","outcome":"refused"`))).toEqual([]);
  });
});
