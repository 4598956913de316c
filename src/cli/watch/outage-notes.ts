/** A lost server, and its return, on standard error. */
import type { RetryProgress } from '../../client/watch/retry.ts';
import type { Run } from '../run.ts';

/** `again` says what goes on when it is back. */
export function noteOutage(run: Run, again: string, progress: RetryProgress): void {
  if (progress.kind === 'lost') run.out.note(`latchkey: ${progress.error.message}; trying again`);
  else run.out.note(`latchkey: ${again}`);
}

/** The same as news for a person only, where standard error is a program's. */
export function noteOutageForPerson(run: Run, progress: RetryProgress): void {
  if (run.io.stderr.isTTY === true) noteOutage(run, 'attached again', progress);
}
