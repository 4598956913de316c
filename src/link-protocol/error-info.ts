/**
 * Reads the `AppError` that a server sent in the details of a failed gRPC call (google.rpc.Status, the
 * richer error model of gRPC).
 */
import { AppError, type WireReason } from '../errors.ts';
import { ErrorInfo, Status } from '../generated/google/rpc/status.ts';
import { ErrorReason } from '../generated/latchkey/v1/error.ts';

export const DETAILS_TRAILER = 'grpc-status-details-bin';
const INFO_TYPE = '/google.rpc.ErrorInfo';
const DOMAIN = 'latchkey';

/**
 * Returns undefined when the details carry no Latchkey error. A reason unknown to this version becomes
 * INTERNAL.
 */
export function errorOfDetails(details: Uint8Array, message: string): AppError | undefined {
  const info = infoIn(details);
  if (info === undefined) return undefined;
  const { reason, metadata } = info;
  return new AppError(isReason(reason) ? reason : 'INTERNAL', message, { details: { ...metadata } });
}

function infoIn(details: Uint8Array): ErrorInfo | undefined {
  try {
    const infos = Status.decode(details).details.filter(({ typeUrl }) => typeUrl.endsWith(INFO_TYPE));
    return infos.map(({ value }) => ErrorInfo.decode(value)).find(({ domain }) => domain === DOMAIN);
  } catch {
    return undefined;
  }
}

function isReason(reason: string): reason is WireReason {
  return Object.hasOwn(ErrorReason, reason) && reason !== 'UNSPECIFIED';
}
