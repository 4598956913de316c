/** Prints a failure as one line of JSON on standard error, with --json. */
import { CommanderError } from 'commander';
import { isAppError } from '../../errors.ts';
import { asJson, integer, type Members, object, string } from '../../terminal/json.ts';
import { explain } from '../failure.ts';

interface Told {
  readonly reason: string;
  readonly message: string;
  readonly status: number;
}

export const ERROR: Members<Told> = {
  reason: string('one of the reasons of proto/latchkey/v1/error.proto, or USAGE', ({ reason }) => reason),
  message: string('for people, with what to do next', ({ message }) => message),
  status: integer('the exit status', ({ status }) => status),
};

export const FAILURE: Members<Told> = { error: object('error', ERROR, (told) => told) };

export function failureJson(error: unknown): object {
  const { text: message, status } = explain(error);
  const known = isAppError(error) ? error.reason : 'INTERNAL';
  const reason = error instanceof CommanderError ? 'USAGE' : known;
  return asJson(FAILURE, { reason, message, status });
}
