/**
 * Converts errors to what clients get: a gRPC code, a message for people, and google.rpc.ErrorInfo for
 * programs in `grpc-status-details-bin` (AIP-193). Never sends the cause of an error.
 */
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { AppError, type Details, type Reason } from '../../errors.ts';
import { ErrorInfo, Status } from '../../generated/google/rpc/status.ts';

/**
 * The gRPC code of each reason. A reason that belongs to one program, such as USAGE, is a bug here: INTERNAL.
 */
export const CODES: Readonly<Record<Reason, status>> = {
  INTERNAL: status.INTERNAL,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_LOGGED_IN: status.UNAUTHENTICATED,
  LOGIN_REFUSED: status.UNAUTHENTICATED,
  LOGIN_INCOMPLETE: status.FAILED_PRECONDITION,
  TOKEN_INVALID: status.UNAUTHENTICATED,
  TOKEN_EXPIRED: status.UNAUTHENTICATED,
  TOKEN_NOT_ACTIVE: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  LOCAL_ONLY: status.PERMISSION_DENIED,
  NOT_ELIGIBLE: status.PERMISSION_DENIED,
  ACCOUNT_UNUSABLE: status.FAILED_PRECONDITION,
  LINK_REFUSED: status.PERMISSION_DENIED,
  LINK_REQUIRED: status.FAILED_PRECONDITION,
  LINK_LOST: status.UNAVAILABLE,
  START_FAILED: status.FAILED_PRECONDITION,
  SESSION_ENDED: status.FAILED_PRECONDITION,
  INPUT_CLOSED: status.FAILED_PRECONDITION,
  OUTPUT_DROPPED: status.OUT_OF_RANGE,
  LIMIT_EXCEEDED: status.RESOURCE_EXHAUSTED,
  SLOW_READER: status.ABORTED,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  STORE_UNAVAILABLE: status.UNAVAILABLE,
  UNAVAILABLE: status.UNAVAILABLE,
  CANCELLED: status.CANCELLED,
  CONFIG_INVALID: status.INTERNAL,
  USAGE: status.INTERNAL,
  UNREACHABLE: status.INTERNAL,
  NOT_TRUSTED: status.INTERNAL,
};

const ERROR_DOMAIN = 'latchkey';
const DETAILS_TRAILER = 'grpc-status-details-bin';
const ERROR_INFO_TYPE = 'type.googleapis.com/google.rpc.ErrorInfo';

// Trailers must fit into what clients accept: 16 KiB or less.
const MAX_MESSAGE_LENGTH = 1000;
const MAX_DETAIL_LENGTH = 500;

/** Returns `error` when it is one that a client may see; otherwise INTERNAL, with nothing of its cause. */
export function publicError(error: unknown): AppError {
  if (error instanceof AppError && (CODES[error.reason] !== status.INTERNAL || error.reason === 'INTERNAL')) {
    return error;
  }
  return new AppError('INTERNAL', 'internal error in the server');
}

/** Returns the status of a failed call. `requestId` identifies the call in the log. */
export function statusOf(error: unknown, requestId: string): StatusObject {
  const { reason, message, details } = publicError(error);
  const info = { reason, domain: ERROR_DOMAIN, metadata: clipped({ ...details, request_id: requestId }) };
  // A lone surrogate would make grpc-js throw: it encodes grpc-message with encodeURI.
  const text = message.toWellFormed().slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const value = Buffer.from(ErrorInfo.encode(ErrorInfo.fromPartial(info)).finish());
  const code = CODES[reason];
  const trailer = { code, message: text, details: [{ typeUrl: ERROR_INFO_TYPE, value }] };
  const metadata = new Metadata();
  metadata.set(DETAILS_TRAILER, Buffer.from(Status.encode(trailer).finish()));
  return { code, details: text, metadata };
}

function clipped(details: Details): Record<string, string> {
  const entries = Object.entries(details);
  return Object.fromEntries(entries.map(([name, value]) => [name, value.slice(0, MAX_DETAIL_LENGTH)]));
}
