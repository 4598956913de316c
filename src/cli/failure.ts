/**
 * The message and the exit status of a failed command line; failures that commander reports are usage errors.
 */
import { CommanderError } from 'commander';
import { OWN_FAILURE, USAGE } from '../exit-status.ts';
import * as terminal from '../terminal/failure.ts';

export function explain(error: unknown): terminal.Failure {
  if (!(error instanceof CommanderError)) return terminal.explain(error);
  return { text: error.message, status: error.exitCode === OWN_FAILURE ? OWN_FAILURE : USAGE };
}
