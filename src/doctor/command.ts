/** Running a program of the host's that answers a question, with an environment of its own and a time limit. */
import { execFile } from 'node:child_process';
import { AppError } from '../errors.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1024 * 1024;

export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Throws UNAVAILABLE for a program that is not there, or does not end within 5 s. */
export function ask(program: string, argv: readonly string[]): Promise<Answer> {
  const options = {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    cwd: '/',
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_BYTES,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, argv, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === 'number') return resolve({ status, stdout, stderr });
      const why = status ?? 'it did not end in time';
      reject(new AppError('UNAVAILABLE', `${program} does not answer: ${why}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

/** The first line of what a program said. */
export function firstLine({ stdout, stderr }: Answer): string {
  return `${stderr}\n${stdout}`.trim().split('\n', 1)[0] ?? '';
}
