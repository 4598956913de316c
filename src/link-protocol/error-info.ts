/**
 * The details of a failed gRPC call: google.rpc.Status in a trailer, the richer error model of gRPC. Reads
 * the `AppError` that a server sent in them.
 */
import { AppError, type WireReason } from '../errors.ts';
import { ErrorInfo } from '../generated/google/rpc/error_details.ts';
import { Status } from '../generated/google/rpc/status.ts';
import { ErrorReason } from '../generated/latchkey/v1/error.ts';

export const DETAILS_TRAILER = 'grpc-status-details-bin';
/** Name of the service whose reasons these are (AIP-193): the package that defines ErrorReason. */
export const ERROR_DOMAIN = 'latchkey.v1';

const INFO_TYPE = '/google.rpc.ErrorInfo';

/** Returns undefined when the details carry no Latchkey error, or one unknown to this version. */
export function errorOfDetails(details: Uint8Array, message: string): AppError | undefined {
  const info = infoIn(details);
  if (info === undefined || !isReason(info.reason)) return undefined;
  return new AppError(info.reason, message, { details: { ...info.metadata } });
}

function infoIn(details: Uint8Array): ErrorInfo | undefined {
  try {
    const infos = Status.decode(details).details.filter(({ typeUrl }) => typeUrl.endsWith(INFO_TYPE));
    return infos.map(({ value }) => ErrorInfo.decode(value)).find(({ domain }) => domain === ERROR_DOMAIN);
  } catch {
    return undefined;
  }
}

function isReason(reason: string): reason is WireReason {
  return Object.hasOwn(ErrorReason, reason) && reason !== 'UNSPECIFIED';
}
