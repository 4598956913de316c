/** Many link daemons of one user at the same time, and starts meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../../src/client/connect/connect.ts';
import { alice, type Finished, root } from '../../support/account.ts';
import { clientOf, ran } from '../../support/clients/without-command-line.ts';
import { processesOf } from '../../support/host/truth.ts';
import { needs } from '../../support/needs.ts';
import type { Link } from '../../support/server/caller.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2209;
const PASSWORD = 'Correct horse 10';
/** More than may register within a minute. */
const DAEMONS = 70;
/** Fewer than a user may register at once. */
const AT_ONCE = 6;
/** Registrations of one user that the server accepts in a minute; it refuses more. */
const PER_MINUTE = 60;
const TOO_MANY = 'latchkey link: too many links of this account have registered within a minute';
/** Longest time for all of them on a busy machine, in milliseconds. */
const LIMIT_MS = 150_000;

let sshd: TestSshd;
let daemon: TestDaemon;
let client: Client;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD });
  sshd = await TestSshd.start(PORT);
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings }, log: { level: 'info' } } });
  await daemon.cli(alice, ['login', '--answers-stdin'], { input: `${PASSWORD}\n` });
  client = await clientOf(daemon, daemon.storedToken(alice));
});
afterAll(async () => {
  await client?.close();
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

const linksOf = (): Promise<readonly Link[]> => daemon.as(root).links('--local-admin', '--user', 'alice');

/** Starts a program that prints `text`; resolves with its output and exit status. */
async function echo(text: string): Promise<string> {
  const { stdout, status } = await ran(client, 'echo', text);
  return `${stdout.trim()} ${status}`;
}

describe('link daemons of one user', needs('world', 'sshd'), () => {
  test(
    'of which 70 are started at the same time lose no start, and one stays that takes them (F9)',
    async () => {
      const runs: Finished[] = [];
      let left = DAEMONS;
      const startDaemons = async (): Promise<void> => {
        for (; left > 0; ) {
          left -= 1;
          runs.push(await daemon.cli(alice, ['link', '--daemon']));
        }
      };
      let isOver = false;
      const wanted: string[] = [];
      const printed: string[] = [];
      const startPrograms = async (who: string): Promise<void> => {
        for (let nth = 0; !isOver; nth += 1) {
          wanted.push(`${who}${nth} 0`);
          printed.push(await echo(`${who}${nth}`));
        }
      };
      const programs = Promise.all([startPrograms('a'), startPrograms('b')]);
      await Promise.all(Array.from({ length: AT_ONCE }, startDaemons)).finally(() => {
        isOver = true;
      });
      await programs;
      const failed = runs.filter(({ status }) => status !== 0);
      expect(failed.filter(({ stderr }) => !stderr.startsWith(TOO_MANY))).toEqual([]);
      expect(printed.toSorted()).toEqual(wanted.toSorted());
      expect(wanted.length).toBeGreaterThan(20);
      const states = async () => (await linksOf()).map(({ state }) => state);
      await expect.poll(states, { timeout: 30_000 }).toEqual(['ready']);
      const [last] = await linksOf();
      await expect
        .poll(() => processesOf(alice).map(({ pid }) => pid), { timeout: 20_000 })
        .toEqual([last?.pid]);
      expect(await echo('after')).toBe('after 0');
      expect(runs.length - failed.length).toBeGreaterThanOrEqual(PER_MINUTE - 1); // one from the login
    },
    LIMIT_MS,
  );
});
