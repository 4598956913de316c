/** Reports on standard error when the server is lost and when it is back. */
import type { RetryProgress } from '../../client/watch/retry.ts';
import type { Run } from '../run.ts';

/** Reports an outage; `again` says what continues when the server is back. */
export function noteOutage(run: Run, again: string, progress: RetryProgress): void {
  if (progress.kind === 'lost') run.out.note(`latchkey: ${progress.error.message}; trying again`);
  else run.out.note(`latchkey: ${again}`);
}

/** Reports an outage only when standard error is a terminal. */
export function noteOutageOnTerminal(run: Run, progress: RetryProgress): void {
  if (run.io.stderr.isTTY === true) noteOutage(run, 'attached again', progress);
}
