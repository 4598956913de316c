/**
 * The message and the exit status of a failed command line; failures that commander reports are usage errors.
 */
import { CommanderError } from 'commander';
import { LATCHKEY_FAILED, USAGE } from '../exit-status.ts';
import * as terminal from '../terminal/failure.ts';

export function explain(error: unknown): terminal.Failure {
  if (!(error instanceof CommanderError)) return terminal.explain(error);
  return { text: error.message, status: error.exitCode === LATCHKEY_FAILED ? LATCHKEY_FAILED : USAGE };
}
