/** A lost server, and its return: news for a person only. */
import type { OutageProgress } from '../client/outage.ts';
import type { Run } from './run.ts';

export function tellOutage(run: Run, progress: OutageProgress): void {
  if (run.io.stderr.isTTY !== true) return;
  if (progress.kind === 'lost') run.out.note(`latchkey: ${progress.error.message}; trying again`);
  else run.out.note('latchkey: attached again');
}
