/**
 * The one error of Latchkey. Every room throws AppError for what it foresees; anything else is a
 * bug and reaches the caller as INTERNAL, with nothing of its cause.
 */
import type { ErrorReason } from './generated/latchkey/v1/error.ts';

/** Reasons that a server sends: the published enum. */
export type WireReason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

/** Reasons that stay in the program that found them. */
export type LocalReason =
  | 'CONFIG_INVALID' // exit status 78 (EX_CONFIG, sysexits.h)
  | 'USAGE'
  | 'UNREACHABLE'
  | 'NOT_TRUSTED';

/** The closed list. */
export type Reason = WireReason | LocalReason;

/** Details for programs: sent to the caller, so never a secret and nothing of another's. */
export type Details = Readonly<Record<string, string>>;

/** A failure that was foreseen. `cause` goes to the log and is never sent. */
export class AppError extends Error {
  readonly reason: Reason;
  readonly details: Details;

  constructor(reason: Reason, message: string, options: { details?: Details; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.reason = reason;
    this.details = options.details ?? {};
  }
}

/** Whether `error` is an AppError, of that reason when one is given. */
export function isAppError(error: unknown, reason?: Reason): error is AppError {
  return error instanceof AppError && (reason === undefined || error.reason === reason);
}
