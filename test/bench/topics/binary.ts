/**
 * Start-up time of the packaged program, measured alternately with an empty Node program, and its memory.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Account, alice } from '../../support/account.ts';
import { DebianPackage } from '../../support/host/debian-package.ts';
import { BUILT, program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { mebibytesOf } from '../memory.ts';
import { type Comparison, compare, type Sample } from '../report/compare.ts';
import type { Line } from '../report/line.ts';

const ROUNDS = 11;
/** The daemon releases memory shortly after its start. */
const QUIET_MS = 8_000;
const MEBIBYTE = 1024 * 1024;

export async function measure(): Promise<Line[]> {
  const lines = [
    startLine('latchkey version', 1.5, await compare(ROUNDS, commandMs(program(), 'version'), nodeMs)),
  ];
  await using daemon = await TestDaemon.start();
  lines.push(startLine('daemon ready', 6, await compare(ROUNDS, daemonMs(daemon), nodeMs)));
  lines.push(startLine('link ready', 7, await compare(ROUNDS, linkMs(daemon, alice), nodeMs)));
  await delay(QUIET_MS);
  lines.push(mebibytesLine('an idle daemon (anonymous Pss)', mebibytesOf(daemon.pid, 'Pss_Anon'), 32));
  lines.push(mebibytesLine('the program', statSync(BUILT).size / MEBIBYTE, 124));
  using made = DebianPackage.make({ small: true });
  lines.push(mebibytesLine('the Debian package', statSync(made.file).size / MEBIBYTE, 30));
  return lines;
}

const nodeMs = commandMs(process.execPath, '-e', '0');

function commandMs(command: string, ...argv: string[]): Sample {
  return () => {
    const begun = performance.now();
    const { status } = spawnSync(command, argv, { env: {}, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${command} ended with ${status}`);
    return performance.now() - begun;
  };
}

/** Measures the time until it answers calls, with existing state. */
function daemonMs(daemon: TestDaemon): Sample {
  return async () => {
    await daemon.end();
    const begun = performance.now();
    await daemon.serve();
    return performance.now() - begun;
  };
}

/** Measures the time until it has its token. */
function linkMs(daemon: TestDaemon, user: Account): Sample {
  return async () => {
    const begun = performance.now();
    const link = await daemon.link(user);
    const taken = performance.now() - begun;
    link.kill();
    await link.finished;
    return taken;
  };
}

function startLine(what: string, goal: number, { ours, other, ratio, spread }: Comparison): Line {
  const shown = (ms: number): string => `${ms.toFixed(0)} ms`;
  const name = `${what}, against node -e 0`;
  return { what: name, ours: shown(ours), other: shown(other), ratio, goal, wanted: 'at most', spread };
}

function mebibytesLine(what: string, value: number, goal: number): Line {
  return {
    what,
    ours: `${value.toFixed(1)} MiB`,
    other: '-',
    ratio: value,
    goal,
    wanted: 'at most',
    spread: 0,
  };
}
