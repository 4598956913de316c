/**
 * Errors on the wire: a gRPC code, a message for people, and google.rpc.ErrorInfo for programs in
 * `grpc-status-details-bin` (AIP-193). The cause of an error is never part of it.
 */
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { AppError, type Details, type Reason } from '../../errors.ts';
import { ErrorInfo, Status } from '../../generated/google/rpc/status.ts';

/** Every reason and its gRPC code. Reasons that stay in one program are bugs when they get here. */
export const CODES: Readonly<Record<Reason, status>> = {
  INTERNAL: status.INTERNAL,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_LOGGED_IN: status.UNAUTHENTICATED,
  LOGIN_REFUSED: status.UNAUTHENTICATED,
  TOKEN_INVALID: status.UNAUTHENTICATED,
  TOKEN_EXPIRED: status.UNAUTHENTICATED,
  TOKEN_NOT_ACTIVE: status.UNAUTHENTICATED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  LOCAL_ONLY: status.PERMISSION_DENIED,
  NOT_ELIGIBLE: status.PERMISSION_DENIED,
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

// Trailers have to fit into what clients take (16 KiB and less).
const MAX_MESSAGE_LENGTH = 1000;
const MAX_DETAIL_LENGTH = 500;

/** What the caller may know of `error`: itself when it was foreseen, else INTERNAL and no more. */
export function publicError(error: unknown): AppError {
  if (error instanceof AppError && (CODES[error.reason] !== status.INTERNAL || error.reason === 'INTERNAL')) {
    return error;
  }
  return new AppError('INTERNAL', 'something went wrong in the server; its log has the cause');
}

/** The status of a call that failed; `requestId` finds it in the log. */
export function statusOf(error: unknown, requestId: string): StatusObject {
  const { reason, message, details } = publicError(error);
  const info = { reason, domain: ERROR_DOMAIN, metadata: clipped({ ...details, request_id: requestId }) };
  // A lone surrogate would make encodeURI throw where the library writes grpc-message.
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
