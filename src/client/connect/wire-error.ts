/** Errors as the server meant them, from what gRPC makes of a call that failed. */
import { AppError, type WireReason } from '../../errors.ts';
import { DETAILS_TRAILER, errorOfDetails } from '../../link-protocol/error-info.ts';
import { certificateTrouble } from './pinned-tls.ts';

/** grpc-js's ServiceError, as far as it is read here. */
export interface FailedCall {
  readonly code: number;
  readonly details: string;
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
}

/** gRPC codes of calls that failed without our trailer: the library's, or a proxy's. */
const PLAIN: Readonly<Record<number, WireReason>> = {
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'LIMIT_EXCEEDED',
  16: 'NOT_LOGGED_IN',
};
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const NEVER_CONNECTED =
  /No connection established|Name resolution failed|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH/;

/** The error of a call to `address`. What is no failed call is given back as it is. */
export function appErrorOf(error: unknown, address: string): unknown {
  if (!isFailedCall(error)) return error;
  const [details] = error.metadata.get(DETAILS_TRAILER);
  const told = Buffer.isBuffer(details) ? errorOfDetails(details, error.details) : undefined;
  return told ?? libraryError(error, address);
}

function libraryError({ code, details }: FailedCall, address: string): AppError {
  const trouble = certificateTrouble(details);
  if (code === UNAVAILABLE && trouble !== undefined) {
    const next = `compare fingerprints with its administrator and run: latchkey trust ${address}`;
    return new AppError(
      'NOT_TRUSTED',
      `${address} is not trusted: ${trouble}; nothing was sent to it; ${next}`,
    );
  }
  if (code === UNAVAILABLE && NEVER_CONNECTED.test(details)) {
    return new AppError('UNREACHABLE', `no server answers at ${address}: ${shortened(details)}`);
  }
  if (code === UNIMPLEMENTED)
    return new AppError('UNAVAILABLE', `${address} does not know this call; it may be older`);
  const reason = PLAIN[code];
  if (reason !== undefined) return new AppError(reason, details);
  return new AppError('UNAVAILABLE', `the connection to ${address} broke: ${shortened(details)}`);
}

/** The last cause alone: grpc-js tells all that it tried. */
function shortened(details: string): string {
  const cause = /Last error: (.*?)(?: Resolution note:.*)?$/s.exec(details)?.[1] ?? details;
  return cause.replace(/^Error: /, '').replace(/\.$/, '');
}

function isFailedCall(error: unknown): error is FailedCall {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;
}
