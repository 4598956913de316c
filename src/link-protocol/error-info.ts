/**
 * The details of a failed gRPC call: google.rpc.Status in a trailer, the richer error model of gRPC. Reads
 * the `AppError` that a server sent in them.
 */
import { AppError, type FieldViolation, type WireReason } from '../errors.ts';
import { BadRequest, ErrorInfo } from '../generated/google/rpc/error_details.ts';
import { Status } from '../generated/google/rpc/status.ts';
import { ErrorReason } from '../generated/latchkey/v1/error.ts';

export const DETAILS_TRAILER = 'grpc-status-details-bin';
/** Name of the service whose reasons these are (AIP-193): the package that defines ErrorReason. */
export const ERROR_DOMAIN = 'latchkey.v1';

const INFO_TYPE = '/google.rpc.ErrorInfo';
const REQUEST_TYPE = '/google.rpc.BadRequest';

/** Returns undefined when the details carry no Latchkey error, or one unknown to this version. */
export function errorOfDetails(details: Uint8Array, message: string): AppError | undefined {
  try {
    const { details: parts } = Status.decode(details);
    const infos = parts.filter(({ typeUrl }) => typeUrl.endsWith(INFO_TYPE));
    for (const { domain, reason, metadata } of infos.map(({ value }) => ErrorInfo.decode(value)))
      if (domain === ERROR_DOMAIN && isReason(reason))
        return new AppError(reason, message, { details: { ...metadata }, violation: violationIn(parts) });
    return undefined;
  } catch {
    return undefined;
  }
}

function violationIn(parts: Status['details']): FieldViolation | undefined {
  const request = parts.find(({ typeUrl }) => typeUrl.endsWith(REQUEST_TYPE));
  const [violation] = request === undefined ? [] : BadRequest.decode(request.value).fieldViolations;
  return violation && { field: violation.field, description: violation.description };
}

function isReason(reason: string): reason is WireReason {
  return Object.hasOwn(ErrorReason, reason) && reason !== 'UNSPECIFIED';
}
