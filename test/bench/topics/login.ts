/**
 * Logins with the host's password through a real sshd: one at a time, and as many at once as one source
 * may; compared with plain ssh2 with TCP_NODELAY, which logs in and runs `true`. Failures are a separate
 * line, since sshd delays them on purpose.
 */

import { createConnection } from 'node:net';
import { Client as Ssh } from 'ssh2';
import type { Client } from '../../../src/client/connect/connect.ts';
import { isAppError } from '../../../src/errors.ts';
import { LoginPurpose, type LoginResponse } from '../../../src/generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../../src/generated/latchkey/v1/token.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';
import { compare } from '../report/compare.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { clientOf, startDaemon } from '../served.ts';

const PORT = 2222;
const PASSWORD = 'Correct horse 1';
const ROUNDS = 12;
const AT_ONCE = 3;
const LOGINS = 12;
const FAILURES = 2;

export async function measure(): Promise<Line[]> {
  setPasswords({ alice: PASSWORD });
  await using sshd = await TestSshd.start(PORT);
  await using daemon = await startDaemon({ login: { ssh: sshd.settings } });
  await using client = await clientOf(daemon);
  const ours = (): Promise<number> => timed(() => login(client, PASSWORD));
  const bare = (): Promise<number> => timed(() => bareLogin(PASSWORD));
  for (const warmUp of [ours, bare, ours, bare]) await warmUp(); // the first login starts the link daemon
  const one = await compare(ROUNDS, ours, bare);
  const many = await compare(
    3,
    () => rate(ours),
    () => rate(bare),
  );
  return [
    {
      what: 'login by password against ssh2 with TCP_NODELAY that runs true',
      ours: `${one.ours.toFixed(0)} ms`,
      other: `${one.other.toFixed(0)} ms`,
      ratio: one.ratio,
      goal: 1.1,
      wanted: 'at most',
      spread: one.spread,
    },
    {
      what: `logins a second, ${AT_ONCE} at once, against the same`,
      ours: `${many.ours.toFixed(1)}/s`,
      other: `${many.other.toFixed(1)}/s`,
      ratio: many.ratio,
      goal: 0.9,
      wanted: 'at least',
      spread: many.spread,
    },
    await failures(client),
  ];
}

/** Measures wrong passwords: sshd answers them late, and we must not answer much later. */
async function failures(client: Client): Promise<Line> {
  const taken: { ours: number; bare: number; again: number }[] = [];
  for (let time = 0; time < FAILURES; time += 1) {
    const wrong = `wrong ${time}`;
    const bare = await timed(() => refused(bareLogin(wrong)));
    const again = await timed(() => refused(bareLogin(wrong)));
    taken.push({ bare, again, ours: await timed(() => refused(login(client, wrong))) });
  }
  const ours = median(taken.map((one) => one.ours));
  const bare = median(taken.map((one) => one.bare));
  return {
    what: 'a refused login against the same',
    ours: `${ours.toFixed(0)} ms`,
    other: `${bare.toFixed(0)} ms`,
    ratio: ours / bare,
    goal: 1.1,
    wanted: 'at most',
    spread: spreadOf(bare, median(taken.map((one) => one.again))),
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begunMs = performance.now();
  await work();
  return performance.now() - begunMs;
}

/** Returns logins per second. */
async function rate(one: () => Promise<number>): Promise<number> {
  let left = LOGINS;
  const begunMs = performance.now();
  const visitor = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
  return LOGINS / ((performance.now() - begunMs) / 1000);
}

async function login(client: Client, password: string): Promise<void> {
  const conversation = client.auth.login();
  const begin = { method: AuthMethod.SSH, username: 'alice', purpose: LoginPurpose.LOGIN };
  conversation.send({ request: { $case: 'begin', value: begin } }).catch(() => {});
  let asked = 0;
  try {
    for await (const { challenge } of conversation.responses as AsyncIterable<LoginResponse>) {
      if (challenge?.$case === 'done') return;
      if (challenge?.$case !== 'prompts') continue;
      asked += 1;
      if (asked > 1) throw new Error('the password was refused');
      conversation.send({ request: { $case: 'answers', value: { texts: [password] } } }).catch(() => {});
    }
  } finally {
    conversation.cancel();
  }
  throw new Error('the login ended without an answer');
}

function bareLogin(password: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sock = createConnection({ host: '127.0.0.1', port: PORT, noDelay: true });
  const ssh = new Ssh();
  ssh.once('error', reject).once('close', resolve);
  ssh.once('ready', () => {
    ssh.exec('true', (error, channel) => {
      if (error) reject(error);
      else channel.on('close', () => ssh.end()).resume();
    });
  });
  ssh.connect({ sock, username: 'alice', password });
  return promise;
}

async function refused(work: Promise<void>): Promise<void> {
  const error = await work.then(
    () => undefined,
    (why: unknown) => why,
  );
  if (error === undefined) throw new Error('a wrong password was accepted');
  if (isAppError(error) && error.reason !== 'LOGIN_REFUSED') throw error;
}
