/**
 * The exit statuses of all roles: 0 done, 1 failed, 2 usage, 3 not logged in, 4 not allowed, 5 not found,
 * 6 unreachable, 78 bad configuration (EX_CONFIG, sysexits.h), and 255 when the session's own status
 * could be anything else (ssh(1), "Exit status").
 */
import type { Reason } from './errors.ts';

export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
/** Status of `start` and `attach` when they fail themselves, or the session's status is unknown. */
export const LATCHKEY_FAILED = 255;
/** Status when the reader of our output has closed it: 128 + SIGPIPE, as for any program in a pipeline. */
export const BROKEN_PIPE = 141;

/** The exit status of each reason. */
export const STATUS: Readonly<Record<Reason, number>> = {
  INTERNAL: FAILED,
  INVALID_ARGUMENT: USAGE,
  USAGE,
  NOT_LOGGED_IN: 3,
  LOGIN_REFUSED: 3,
  LOGIN_INCOMPLETE: 3,
  TOKEN_INVALID: 3,
  TOKEN_EXPIRED: 3,
  TOKEN_NOT_ACTIVE: 3,
  PERMISSION_DENIED: 4,
  LOCAL_ONLY: 4,
  NOT_ELIGIBLE: 4,
  ACCOUNT_UNUSABLE: 4,
  LINK_REFUSED: 4,
  NOT_FOUND: 5,
  LINK_REQUIRED: FAILED,
  LINK_LOST: FAILED,
  START_FAILED: FAILED,
  SESSION_ENDED: FAILED,
  SESSION_CORDONED: 4,
  SESSION_NOT_CORDONED: FAILED,
  SESSION_DISCONNECTED: FAILED,
  INPUT_CLOSED: FAILED,
  OUTPUT_DROPPED: FAILED,
  LIMIT_EXCEEDED: FAILED,
  SLOW_READER: FAILED,
  CANCELLED: FAILED,
  DEADLINE_EXCEEDED: 6,
  STORE_UNAVAILABLE: 6,
  UNAVAILABLE: 6,
  UNREACHABLE: 6,
  NOT_TRUSTED: 6,
  CONFIG_INVALID: 78,
};

/** Returns the exit status for a failure with this reason. */
export function exitStatus(reason: Reason): number {
  return STATUS[reason];
}
