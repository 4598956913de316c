/** Converts the errors of failed gRPC calls to the AppErrors that the server sent. */
import { AppError, type WireReason } from '../../errors.ts';
import { DETAILS_TRAILER, errorOfDetails } from '../../link-protocol/error-info.ts';
import { certificateError } from './pinned-tls.ts';

/** The members of grpc-js's ServiceError that are used here. */
export interface FailedCall {
  readonly code: number;
  readonly details: string;
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
}

/** Reasons for gRPC status codes without our details, or with a reason that this version does not know. */
const REASONS: Readonly<Record<number, WireReason>> = {
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

/** Converts the error of a call to `address`. Returns other errors unchanged. */
export function appErrorOf(error: unknown, address: string): unknown {
  if (!isFailedCall(error)) return error;
  const [details] = error.metadata.get(DETAILS_TRAILER);
  const appError = Buffer.isBuffer(details) ? errorOfDetails(details, error.details) : undefined;
  return appError ?? libraryError(error, address);
}

function libraryError({ code, details }: FailedCall, address: string): AppError {
  const certificateProblem = certificateError(details);
  if (code === UNAVAILABLE && certificateProblem !== undefined) {
    const clock = /expired|not yet valid/.test(certificateProblem)
      ? `, by the clock of this host (${new Date().toISOString()})`
      : '';
    const next = `compare fingerprints with its administrator and run: latchkey trust ${address}`;
    return new AppError(
      'NOT_TRUSTED',
      `${address} is not trusted: ${certificateProblem}${clock}; nothing was sent to it; ${next}`,
    );
  }
  if (code === UNAVAILABLE && NEVER_CONNECTED.test(details)) {
    return new AppError('UNREACHABLE', `no server answers at ${address}: ${shortened(details)}`);
  }
  if (code === UNIMPLEMENTED)
    return new AppError('UNAVAILABLE', `${address} does not support this call; it may be an older version`);
  const reason = REASONS[code];
  if (reason !== undefined) return new AppError(reason, details);
  return new AppError('UNAVAILABLE', `the connection to ${address} broke: ${shortened(details)}`);
}

/** Returns the last cause only: grpc-js lists every attempt. */
function shortened(details: string): string {
  const cause = /Last error: (.*?)(?: Resolution note:.*)?$/s.exec(details)?.[1] ?? details;
  return cause.replace(/^Error: /, '').replace(/\.$/, '');
}

function isFailedCall(error: unknown): error is FailedCall {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;
}
