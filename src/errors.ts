/**
 * The error type of Latchkey. Each room throws AppError for failures that it expects. Any other error is
 * a bug, and callers see INTERNAL without its cause.
 */
import type { ErrorReason } from './generated/latchkey/v1/error.ts';

/** Reasons that a server sends, as published in the API. */
export type WireReason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

/** Reasons that are only used within one program. */
export type LocalReason =
  | 'CONFIG_INVALID' // exit status 78 (EX_CONFIG, sysexits.h)
  | 'USAGE'
  | 'UNREACHABLE'
  | 'NOT_TRUSTED';

export type Reason = WireReason | LocalReason;

/** Details for programs. Sent to the caller, so never a secret or another user's data. */
export type Details = Readonly<Record<string, string>>;

/** A field of the request that is wrong, by its path ("filter.text"), and why. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface ErrorOptions {
  readonly details?: Details;
  readonly cause?: unknown;
  readonly violation?: FieldViolation | undefined;
}

/** An expected failure. `cause` is logged and never sent. */
export class AppError extends Error {
  readonly reason: Reason;
  readonly details: Details;
  /** Set for INVALID_ARGUMENT that is about a field. */
  readonly violation: FieldViolation | undefined;

  constructor(reason: Reason, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.reason = reason;
    this.details = options.details ?? {};
    this.violation = options.violation;
  }
}

/** Returns the error for a field of a request: INVALID_ARGUMENT, with a message that names the field. */
export function invalidField(field: string, description: string): AppError {
  return new AppError('INVALID_ARGUMENT', `${field}: ${description}`, { violation: { field, description } });
}

/** Returns true when `error` is an AppError, with `reason` when it is given. */
export function isAppError(error: unknown, reason?: Reason): error is AppError {
  return error instanceof AppError && (reason === undefined || error.reason === reason);
}
