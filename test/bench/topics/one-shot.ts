/** Duration of `latchkey whoami`, compared with a script on grpc-js that makes the same call. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/account.ts';
import { program } from '../../support/program.ts';
import { compare } from '../report/compare.ts';
import type { Line } from '../report/line.ts';
import { startDaemon } from '../served.ts';

const ROUNDS = 15;
const repository = join(import.meta.dirname, '../../..');

export async function measure(folder: () => string): Promise<Line[]> {
  await using daemon = await startDaemon();
  const ca = join(folder(), 'ca.pem');
  writeFileSync(ca, daemon.serverFile.ca);
  const token = join(daemon.runFolder, 'token');
  const ours = [program(), 'whoami', '--run', daemon.runFolder, '--local-admin'];
  const protos = join(repository, 'proto');
  const address = daemon.serverFile.address.replace('127.0.0.1', 'localhost'); // TLS has no names that are addresses
  const naive = [
    process.execPath,
    join(repository, 'test/bench/processes/naive-whoami.mjs'),
    protos,
    address,
    ca,
    token,
  ];
  const env = { HOME: root.home, PATH: '/usr/bin:/bin' };
  const timed =
    ([file = '', ...argv]: readonly string[]) =>
    () => {
      const begunMs = performance.now();
      const said = execFileSync(file, argv, { env, encoding: 'utf8' });
      if (!/\badmin\b/.test(said)) throw new Error(`${file} said ${said}`);
      return performance.now() - begunMs;
    };
  for (const command of [ours, naive]) timed(command)();
  const times = await compare(ROUNDS, timed(ours), timed(naive));
  return [
    {
      what: 'latchkey whoami against a script on grpc-js and proto-loader',
      ours: `${times.ours.toFixed(0)} ms`,
      other: `${times.other.toFixed(0)} ms`,
      ratio: times.ratio,
      goal: 0.8,
      wanted: 'at most',
      spread: times.spread,
    },
  ];
}
