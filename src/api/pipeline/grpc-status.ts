/**
 * Converts errors to what clients get: a gRPC code, a message for people, and for programs, in
 * `grpc-status-details-bin` (AIP-193), google.rpc.ErrorInfo, with google.rpc.BadRequest when a field is
 * wrong. Never sends the cause of an error.
 */
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { AppError, type Details, type Reason } from '../../errors.ts';
import type { Any } from '../../generated/google/protobuf/any.ts';
import { BadRequest, ErrorInfo } from '../../generated/google/rpc/error_details.ts';
import { Status } from '../../generated/google/rpc/status.ts';
import { DETAILS_TRAILER, ERROR_DOMAIN } from '../../link-protocol/error-info.ts';

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
  // A client that knows neither reason must not try again, as it does after a code that it takes for an
  // outage.
  SESSION_CORDONED: status.PERMISSION_DENIED,
  SESSION_DISCONNECTED: status.PERMISSION_DENIED,
  SESSION_NOT_CORDONED: status.FAILED_PRECONDITION,
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

/** Prefix of the type URLs of details. */
const TYPES = 'type.googleapis.com/google.rpc.';

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
  const shown = publicError(error);
  const { reason, message } = shown;
  // A lone surrogate would make grpc-js throw: it encodes grpc-message with encodeURI.
  const text = message.toWellFormed().slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const code = CODES[reason];
  const trailer = { code, message: text, details: detailsOf(shown, requestId) };
  const metadata = new Metadata();
  metadata.set(DETAILS_TRAILER, Buffer.from(Status.encode(trailer).finish()));
  return { code, details: text, metadata };
}

function detailsOf({ reason, details, violation }: AppError, requestId: string): Any[] {
  const info = { reason, domain: ERROR_DOMAIN, metadata: clipped({ ...details, requestId }) };
  const parts = [packed('ErrorInfo', ErrorInfo.encode(ErrorInfo.fromPartial(info)).finish())];
  if (violation === undefined) return parts;
  const { field, description } = clipped({ ...violation });
  const request = BadRequest.fromPartial({
    fieldViolations: [{ field: field ?? '', description: description ?? '' }],
  });
  return [...parts, packed('BadRequest', BadRequest.encode(request).finish())];
}

function packed(type: string, message: Uint8Array): Any {
  return { typeUrl: `${TYPES}${type}`, value: Buffer.from(message) };
}

function clipped(details: Details): Record<string, string> {
  const entries = Object.entries(details);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value.slice(0, MAX_DETAIL_LENGTH).toWellFormed()]),
  );
}
