/**
 * The exit statuses of `start` and `attach`, as of ssh(1): the program's, or 255 when the command itself
 * fails.
 */
import { LATCHKEY_FAILED } from '../exit-status.ts';
import { explain } from './failure.ts';
import type { Work } from './run.ts';

/** Returns `work`, with its failures reported and turned into exit status 255. */
export function withProgramStatus<Options extends object>(work: Work<Options>): Work<Options> {
  return async (run, options, words) => {
    run.failure = LATCHKEY_FAILED;
    try {
      return await work(run, options, words);
    } catch (error) {
      run.out.problem(explain(error).text);
      return LATCHKEY_FAILED;
    }
  };
}
