/** Checks that a request is gRPC's (gRPC over HTTP/2, "Requests"), of which grpc-js checks only a part. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

/** Messages are protocol buffers; parameters are allowed (RFC 9110, 8.3). */
const GRPC = /^application\/grpc(?:\+proto)?\s*(?:;|$)/i;

/** Returns the response to a request that is not gRPC's; undefined for one that is. */
export function httpRefusalOf(headers: IncomingHttpHeaders): OutgoingHttpHeaders | undefined {
  if (headers[':method'] !== 'POST') return { ':status': 405, allow: 'POST' };
  if (!GRPC.test(headers['content-type'] ?? '')) return { ':status': 415, accept: 'application/grpc' };
  return undefined;
}
