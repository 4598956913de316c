/** Running a program of the host's that answers a question, with an environment of its own and a time limit. */
import { execFile } from 'node:child_process';
import { AppError } from '../errors.ts';

const TIMEOUT_MS = 5_000;

export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Throws UNAVAILABLE for a program that is not there, prints more than `maxBytes`, or has not ended within 5 s, as
 * far as this process knows: one that was held up does not take a part of an answer for the whole.
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
    // Node's own time limit says nothing when it throws away what an ended program has printed.
    signal: AbortSignal.timeout(TIMEOUT_MS),
    killSignal: 'SIGKILL',
    maxBuffer: maxBytes,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, argv, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === 'number') return resolve({ status, stdout, stderr });
      const why = error?.name === 'AbortError' ? 'it did not end in time' : (status ?? 'a signal ended it');
      reject(new AppError('UNAVAILABLE', `${program} does not answer: ${why}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

/** The first line of what a program said. */
export function firstLine({ stdout, stderr }: ProgramResult): string {
  return `${stderr}\n${stdout}`.trim().split('\n', 1)[0] ?? '';
}
