/**
 * Reads the error of a failed gRPC call from its trailers (PROTOCOL-HTTP2.md and the richer error model
 * of gRPC).
 */
import type { IncomingHttpHeaders } from 'node:http2';
import { AppError } from '../../errors.ts';
import { DETAILS_TRAILER, errorOfDetails } from '../../link-protocol/error-info.ts';

const DEADLINE_EXCEEDED = '4';
const UNAVAILABLE = '14';

/** Returns undefined when the call succeeded. */
export function callError(trailers: IncomingHttpHeaders): AppError | undefined {
  const code = String(trailers['grpc-status'] ?? '');
  if (code === '0') return undefined;
  const message = text(trailers['grpc-message']);
  const details = trailers[DETAILS_TRAILER];
  const detailed =
    typeof details === 'string' ? errorOfDetails(Buffer.from(details, 'base64'), message) : undefined;
  if (detailed !== undefined) return detailed;
  if (code === UNAVAILABLE || code === DEADLINE_EXCEEDED)
    return new AppError('UNAVAILABLE', message || 'the server is not ready');
  return new AppError(
    'INTERNAL',
    message || `the server refused (HTTP ${trailers[':status']}, gRPC ${code})`,
  );
}

/** Decodes percent-encoded UTF-8 and replaces control characters that a terminal would interpret. */
function text(header: string | string[] | undefined): string {
  const raw = typeof header === 'string' ? header : '';
  try {
    return decodeURIComponent(raw).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
  } catch {
    return raw.replaceAll(/[^ -~]/g, ' ');
  }
}
