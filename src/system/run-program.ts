/**
 * Runs a program of the host that answers a question, with a fixed environment and a time limit of 5
 * seconds.
 */
import { execFile } from 'node:child_process';
import { AppError } from '../errors.ts';

const TIMEOUT_MS = 5_000;

export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the program to its end. Throws UNAVAILABLE when it is missing, prints more than `maxBytes`, or has
 * not ended within 5 seconds; part of an answer is never taken for the whole.
 */
export function runProgram(
  program: string,
  argv: readonly string[],
  maxBytes = 1024 * 1024,
): Promise<ProgramResult> {
  const options = {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    cwd: '/',
    encoding: 'utf8',
    // Node's own `timeout` does not report an ended program whose output it discards.
    signal: AbortSignal.timeout(TIMEOUT_MS),
    killSignal: 'SIGKILL',
    maxBuffer: maxBytes,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, argv, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === 'number') return resolve({ status, stdout, stderr });
      const why =
        error?.name === 'AbortError' ? 'no answer within 5 seconds' : (status ?? 'ended by a signal');
      reject(new AppError('UNAVAILABLE', `${program} failed: ${why}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

/** Returns the first line of standard error, or else of standard output. */
export function firstLine({ stdout, stderr }: ProgramResult): string {
  return `${stderr}\n${stdout}`.trim().split('\n', 1)[0] ?? '';
}
