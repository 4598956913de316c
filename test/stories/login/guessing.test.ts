/** Guesses passwords at a real sshd, as fast as it lets anybody. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open.ts';
import { upsertFailedLogins } from '../../../src/store/tables/failed-logins.ts';
import { alice, bob, mallory } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { converse, type Held } from '../../support/server/converse.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2221;
const DAY_MS = 86_400_000;
const PASSWORD = 'Correct horse 5';
const SIX = Array.from({ length: 6 }, () => 'guess');

let sshd: TestSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD, dora: PASSWORD });
  sshd = await TestSshd.start(PORT);
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings } } });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

/** Number of passwords for `user` that sshd has found wrong. */
function failures(user: string): number {
  return [...sshd.log.matchAll(new RegExp(`Failed \\S+ for ${user} from 127\\.`, 'g'))].length;
}

function outcome({ asked, reason }: Held): unknown[] {
  return [asked.length, reason];
}

describe('guessing a password (F12; THREATS: guessing passwords)', needs('world', 'sshd'), () => {
  test('is over after three failures, whatever follows', async () => {
    const held: unknown[] = [];
    for (let login = 0; login < 4; login += 1) held.push(outcome(await converse(daemon, 'alice', SIX)));
    held.push(outcome(await converse(daemon, 'alice', [PASSWORD])));
    expect(held).toEqual([
      [3, 'LOGIN_REFUSED'],
      [0, 'LIMIT_EXCEEDED'],
      [0, 'LIMIT_EXCEEDED'],
      [0, 'LIMIT_EXCEEDED'],
      [0, 'LIMIT_EXCEEDED'],
    ]);
    expect(failures('alice')).toBe(3);
    const refused = /^\{"level":"warn",.*"event":"refused",.*"outcome":"refused",.*"login":"alice"/gm;
    expect(daemon.log.match(refused)).toHaveLength(3);
  });

  test('is over as soon for a name that nobody has', async () => {
    expect(outcome(await converse(daemon, 'nobodyhere', SIX))).toEqual([3, 'LOGIN_REFUSED']);
    expect(outcome(await converse(daemon, 'nobodyhere', SIX))).toEqual([0, 'LIMIT_EXCEEDED']);
  });

  test('gets three guesses in conversations at the same time, too', async () => {
    const held = await Promise.all(Array.from({ length: 12 }, () => converse(daemon, 'dora', SIX)));
    expect(failures('dora')).toBe(3);
    for (const { token, reason } of held) {
      expect(token).toBeUndefined();
      expect(['LOGIN_REFUSED', 'LIMIT_EXCEEDED']).toContain(reason);
    }
  });

  test('does not lock out the person, who logs in from elsewhere', async () => {
    const login = ['login', '--answers-stdin', 'alice@'];
    const input = `${PASSWORD}\n`;
    expect(await daemon.cli(alice, login, { input })).toMatchObject({ status: 0 });
    const wrong = (): Promise<{ status: number }> => daemon.cli(bob, login, { input: 'guess\n' }) as never;
    for (let failure = 0; failure < 3; failure += 1) expect((await wrong()).status).toBe(3);
    const refused = await daemon.cli(bob, login, { input });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/too many failed logins; try again in \d+ s/);
    expect(await daemon.cli(alice, login, { input })).toMatchObject({ status: 0 });
  });

  test('from everywhere does not lock out the person, who logs in from where she has logged in before', async () => {
    await daemon.end();
    await guessedFromEverywhere('alice');
    await daemon.serve();
    const login = ['login', '--answers-stdin', 'alice@'];
    const input = `${PASSWORD}\n`;
    const refused = await daemon.cli(mallory, login, { input });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /too many failed logins .*, or log in from where you have logged in before/,
    );
    expect(await daemon.cli(alice, login, { input })).toMatchObject({ status: 0 });
  });
});

/** Uses up what all places together may guess for `login`, while the server is stopped. */
async function guessedFromEverywhere(login: string): Promise<void> {
  await using store = await openStore({ url: `sqlite:${join(daemon.stateFolder, 'latchkey.db')}` });
  const now = Date.now();
  const until = now + DAY_MS;
  const row = { login, source: '', streak: 400, last_at: now, empty_at: until, until };
  await store.commit((tx) => upsertFailedLogins(tx, row));
}
