/** `start` and `attach` end with a session's status, so their own failures have one apart: 255. */
import { OWN_FAILURE } from '../exit-status.ts';
import { explain } from './failure.ts';
import type { Work } from './run.ts';

/** The same work, whose failures are told and end with 255. */
export function ownFailure<Options extends object>(work: Work<Options>): Work<Options> {
  return async (run, options, words) => {
    run.failure = OWN_FAILURE;
    try {
      return await work(run, options, words);
    } catch (error) {
      run.out.problem(explain(error).text);
      return OWN_FAILURE;
    }
  };
}
