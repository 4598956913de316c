/** Prints a failure as one line of JSON on standard error, with --json. */
import { CommanderError } from 'commander';
import { isAppError } from '../../errors.ts';
import { asJson, integer, type Members, object, string } from '../../terminal/json.ts';
import { explain } from '../failure.ts';

interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly status: number;
}

export const ERROR: Members<Failure> = {
  reason: string('one of the reasons of proto/latchkey/v1/error.proto, or USAGE', ({ reason }) => reason),
  message: string('message for people, with the next step', ({ message }) => message),
  status: integer('exit status', ({ status }) => status),
};

export const FAILURE: Members<Failure> = { error: object('error', ERROR, (failure) => failure) };

export function failureJson(error: unknown): object {
  const { text: message, status } = explain(error);
  const known = isAppError(error) ? error.reason : 'INTERNAL';
  const reason = error instanceof CommanderError ? 'USAGE' : known;
  return asJson(FAILURE, { reason, message, status });
}
