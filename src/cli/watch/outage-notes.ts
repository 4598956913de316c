/** Reports the loss and the return of the server on standard error. */
import type { RetryProgress } from '../../client/watch/retry.ts';
import type { Run } from '../run.ts';

/** Reports an outage; `again` says what continues when the server is back. */
export function noteOutage(run: Run, again: string, progress: RetryProgress): void {
  if (progress.kind === 'lost') run.out.note(`latchkey: ${progress.error.message}; trying again`);
  else run.out.note(`latchkey: ${again}`);
}

/** Reports an outage only to a person: when standard error is a terminal, not a program's. */
export function noteOutageOnTerminal(run: Run, progress: RetryProgress): void {
  if (run.io.stderr.isTTY === true) noteOutage(run, 'attached again', progress);
}
