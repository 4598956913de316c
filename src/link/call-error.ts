/** How a gRPC call failed, as its trailers say (PROTOCOL-HTTP2.md and richer error model of grpc). */
import type { IncomingHttpHeaders } from 'node:http2';
import { AppError, type WireReason } from '../errors.ts';
import { ErrorInfo, Status } from '../generated/google/rpc/status.ts';
import { ErrorReason } from '../generated/latchkey/v1/error.ts';

const INFO_TYPE = 'google.rpc.ErrorInfo';
const DEADLINE_EXCEEDED = '4';
const UNAVAILABLE = '14';

/** Undefined when the call succeeded. */
export function callError(trailers: IncomingHttpHeaders): AppError | undefined {
  const code = String(trailers['grpc-status'] ?? '');
  if (code === '0') return undefined;
  const message = text(trailers['grpc-message']);
  const info = errorInfo(trailers['grpc-status-details-bin']);
  if (info !== undefined && isReason(info.reason))
    return new AppError(info.reason, message, { details: { ...info.metadata } });
  if (code === UNAVAILABLE || code === DEADLINE_EXCEEDED)
    return new AppError('UNAVAILABLE', message || 'the server is not ready');
  return new AppError(
    'INTERNAL',
    message || `the server refused (HTTP ${trailers[':status']}, gRPC ${code})`,
  );
}

function errorInfo(header: string | string[] | undefined): ErrorInfo | undefined {
  if (typeof header !== 'string') return undefined;
  try {
    const { details } = Status.decode(Buffer.from(header, 'base64'));
    const found = details.find(({ typeUrl }) => typeUrl.endsWith(`/${INFO_TYPE}`));
    return found === undefined ? undefined : ErrorInfo.decode(found.value);
  } catch {
    return undefined;
  }
}

/** Percent-encoded UTF-8; shown without what a terminal would act on. */
function text(header: string | string[] | undefined): string {
  const raw = typeof header === 'string' ? header : '';
  try {
    return decodeURIComponent(raw).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
  } catch {
    return raw.replaceAll(/[^ -~]/g, ' ');
  }
}

function isReason(reason: string): reason is WireReason {
  return reason !== 'UNSPECIFIED' && Object.hasOwn(ErrorReason, reason);
}
