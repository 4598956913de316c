/**
 * Runs a program of the host that answers a question, with a fixed environment and a time limit of 5
 * seconds. At most 32 run at once: a directory that does not answer must not fill the host with processes.
 */
import { execFile } from 'node:child_process';
import { Semaphore } from '../async/semaphore.ts';
import { AppError } from '../errors.ts';

const TIMEOUT_MS = 5_000;
const running = new Semaphore(32);

export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the program to its end. Throws UNAVAILABLE when it is missing, prints more than `maxBytes`, or has
 * not ended within 5 seconds, which include the wait for others; part of an answer is never taken for the
 * whole.
 */
export async function runProgram(
  program: string,
  argv: readonly string[],
  maxBytes = 1024 * 1024,
): Promise<ProgramResult> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await running.run(() => execute(program, argv, maxBytes, late), late);
  } catch (cause) {
    if (!late.aborted || cause instanceof AppError) throw cause;
    throw new AppError('UNAVAILABLE', `${program} failed: too many programs run at once`, { cause });
  }
}

function execute(
  program: string,
  argv: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<ProgramResult> {
  const options = {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    cwd: '/',
    encoding: 'utf8',
    // Node's own `timeout` does not report an ended program whose output it discards.
    signal,
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
