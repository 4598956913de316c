/**
 * Files copied to the host and back, and a folder of small ones, against scp(1) over the host's own sshd with
 * its default cipher. Both copy between two folders of the same user on this machine.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { alice, runAs } from '../../../support/account.ts';
import { program } from '../../../support/program.ts';
import { TestDaemon } from '../../../support/server/daemon.ts';
import { TestSshd } from '../../../support/ssh/sshd.ts';
import { compare } from '../../report/compare.ts';
import type { Line } from '../../report/line.ts';

const MEBIBYTES = 256;
const SMALL_FILES = 2000;
const SSHD_PORT = 7822;
/** The program behind scp(1) since OpenSSH 9, where Debian has it. */
const SFTP = 'Subsystem sftp /usr/lib/openssh/sftp-server';
const ROUNDS = 3;
const SMALL_ROUNDS = 5;
/** Part of the time of scp(1), at most. */
const GOALS = { up: 1.5, down: 1.5, small: 1 };

/** Makes a large file and a folder of small ones, and a key that the account's own sshd accepts. */
const PREPARE = `set -e; umask 077; mkdir -p bench/small bench/up bench/down .ssh; cd bench
head -c ${MEBIBYTES}M /dev/urandom >large
i=0; while [ $i -lt ${SMALL_FILES} ]; do echo $i >small/$i; i=$((i + 1)); done
ssh-keygen -q -t ed25519 -N '' -f key; cat key.pub >>../.ssh/authorized_keys`;

const OPTIONS = [
  'BatchMode=yes',
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'LogLevel=ERROR',
];

export async function measure(): Promise<Line[]> {
  await using sshd = await TestSshd.start(SSHD_PORT, { lines: [SFTP] });
  await using daemon = await TestDaemon.start();
  await daemon.link(alice);
  await as(['sh', '-c', PREPARE], alice.home);
  const scp = ['scp', '-q', '-P', `${sshd.port}`, '-i', join(folder, 'key')];
  for (const option of OPTIONS) scp.push('-o', option);
  const ours = [program(), 'cp', '--run', daemon.runFolder];
  const lines = async (what: string, rounds: number, goal: number, [words, other]: [string[], string[]]) => {
    const times = await compare(rounds, timed([...ours, ...words]), timed([...scp, ...other]));
    const shown = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
    return {
      what: `${what} against scp`,
      ours: shown(times.ours),
      other: shown(times.other),
      ratio: times.ratio,
      goal,
      wanted: 'at most',
      spread: times.spread,
    } as const;
  };
  const host = `${alice.name}@127.0.0.1`;
  return [
    await lines(`${MEBIBYTES} MiB to the host`, ROUNDS, GOALS.up, [
      ['large', ':bench/up/'],
      ['large', `${host}:bench/up/`],
    ]),
    await lines(`${MEBIBYTES} MiB from the host`, ROUNDS, GOALS.down, [
      [':bench/large', 'down/'],
      [`${host}:bench/large`, 'down/'],
    ]),
    await lines(`${SMALL_FILES} small files to the host`, SMALL_ROUNDS, GOALS.small, [
      ['-r', 'small', ':bench/up/'],
      ['-r', 'small', `${host}:bench/up/`],
    ]),
  ];
}

const folder = join(alice.home, 'bench');

/** Returns a measurement of the milliseconds that `words` take, in folders that are empty before. */
function timed(words: readonly string[]): () => Promise<number> {
  return async () => {
    for (const name of ['up', 'down']) rmSync(join(folder, name), { recursive: true, force: true });
    await as(['mkdir', join(folder, 'up'), join(folder, 'down')], folder);
    const begunMs = performance.now();
    await as(words, folder);
    return performance.now() - begunMs;
  };
}

async function as(words: readonly string[], cwd: string): Promise<void> {
  const { status, stderr } = await runAs(alice, [...words], { cwd }).finished;
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
}
