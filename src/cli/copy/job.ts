/** The job of one `latchkey cp`. */
import type { Run } from '../run.ts';
import type { Ends } from './ends.ts';
import type { Tally } from './tally.ts';

export interface Copy extends Ends {
  readonly run: Run;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  readonly recursive: boolean;
  readonly preserve: boolean;
  readonly resume: boolean;
}
