/** Explains a failure to a person: one line, with the next step where it is known; never a stack trace. */

import { AppError, type Reason } from '../errors.ts';
import { exitStatus, FAILED } from '../exit-status.ts';

const LOG_IN = "run 'latchkey login', or 'latchkey link' on the server's host";

const NEXT_STEP: Partial<Record<Reason, string>> = {
  NOT_LOGGED_IN: `to log in, ${LOG_IN}, or give a token with --token-file`,
  TOKEN_INVALID: `to get a new token, ${LOG_IN}`,
  TOKEN_EXPIRED: `to log in again, ${LOG_IN}`,
  TOKEN_NOT_ACTIVE: `to log in again, ${LOG_IN}`,
  LINK_REQUIRED: `to log in as one, ${LOG_IN}`,
  UNREACHABLE: "see that the server runs ('latchkey serve'), or name another with --server HOST:PORT",
  NOT_TRUSTED: "compare fingerprints with the server's administrator and run 'latchkey trust HOST:PORT'",
  STORE_UNAVAILABLE: 'try again in a moment',
  SLOW_READER: 'start the command again',
  INTERNAL: "the cause is in the server's log",
};

/** Next step for a caller whose role is too low. */
const ADMIN_STEP = 'whoever runs the server may add --local-admin';

export interface Failure {
  readonly text: string;
  readonly status: number;
}

/** Returns the text for standard error, and the exit status, of any thrown value. */
export function explain(error: unknown): Failure {
  if (error instanceof AppError) return { text: appText(error), status: exitStatus(error.reason) };
  const message = error instanceof Error ? error.message : String(error);
  return { text: `unexpected failure: ${firstLine(message)}; please report it`, status: FAILED };
}

function appText(error: AppError): string {
  const next = error.details.requiredRole !== undefined ? ADMIN_STEP : NEXT_STEP[error.reason];
  const message = error.message.trim().replace(/[;,] log in again$/, '');
  const id = error.reason === 'INTERNAL' ? error.details.requestId : undefined;
  const told = id === undefined || message.includes(id) ? message : `${message} (request ${id})`;
  return next === undefined || saysWhatToDo(message) ? told : `${told}; ${next}`;
}

/** True when the message says what to do: it then knows better than the table. */
function saysWhatToDo(message: string): boolean {
  return /\blatchkey [a-z]|--[a-z]|\btry again\b|nothing was stored/.test(message);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
