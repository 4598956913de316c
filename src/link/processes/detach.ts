/**
 * `--daemon`: runs the link in a process session of its own, without a terminal. The calling process
 * waits for the link's report and turns it into its exit status.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { AppError } from '../../errors.ts';
import { hasStarted } from '../../system/has-started.ts';
import { openFilesLimitOf } from './open-files.ts';
import { cleanEnvironment, reExecCommand } from './re-exec.ts';

/** Start-up takes at most 10 s (DESIGN 7.8); the link itself gives up before this. */
const TIMEOUT_MS = 9500;
const READY = 'ready\n';
const REPORT_FD = 3;

/** Starts the link in the background. Throws UNAVAILABLE with the reason unless it is ready in time. */
export async function startDetached(argv: readonly string[]): Promise<void> {
  const more = ['--report-fd', `${REPORT_FD}`, '--open-files', `${openFilesLimitOf(process.ppid)}`];
  const [program, words] = reExecCommand(argv, [...argv, ...more]);
  const env = cleanEnvironment(process.env);
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'ignore', 'ignore', 'pipe'];
  const child = spawn(program, words, { cwd: '/', detached: true, env, stdio });
  await hasStarted(child);
  child.unref();
  let report = '';
  const channel = child.stdio[REPORT_FD];
  if (!(channel instanceof Socket)) throw new Error('a pipe to a child is a socket');
  channel.setEncoding('utf8').on('data', (text: string) => {
    report += text;
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), TIMEOUT_MS);
  const exited = once(child, 'close'); // in case the link exits without a report
  const reported = once(channel, 'close');
  await Promise.race([exited, reported]);
  clearTimeout(timer);
  if (report === READY) return;
  if (report !== '') throw new AppError('UNAVAILABLE', report.trim());
  child.ref();
  const [, signal] = await exited;
  const isLate = signal === null || signal === 'SIGTERM';
  const why = isLate ? 'the link was not ready within 10 seconds' : `the link was ended by ${signal}`;
  throw new AppError('UNAVAILABLE', why);
}

/** Called once by the detached link: reports to its parent that it is ready, or the reason why not. */
export function report(fd: number, reason?: string): void {
  try {
    writeSync(fd, reason ?? READY);
    closeSync(fd);
  } catch {
    // the parent no longer waits
  }
}
