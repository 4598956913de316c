/** A link's RegisterLink call as the server sees it, for tests that play the server. */
import type { ServerHttp2Stream } from 'node:http2';
import { RegisterLinkRequest, RegisterLinkResponse } from '../../../src/generated/latchkey/v1/link.ts';

export interface Registration {
  readonly request: RegisterLinkRequest;
  /** Answers the call. */
  readonly answer: (error?: { code: number; message: string; details?: string }) => void;
}

/** Reads the request of a call. */
export async function registrationOf(stream: ServerHttp2Stream): Promise<Registration> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const request = RegisterLinkRequest.decode(Buffer.concat(chunks).subarray(5));
  const answer: Registration['answer'] = (error) => {
    if (stream.destroyed) return;
    if (error !== undefined) {
      const details = error.details === undefined ? {} : { 'grpc-status-details-bin': error.details };
      const trailers = { 'grpc-status': `${error.code}`, 'grpc-message': encodeURIComponent(error.message) };
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...trailers, ...details },
        { endStream: true },
      );
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const message = RegisterLinkResponse.encode({ jti: 'token-1' }).finish();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  };
  return { request, answer };
}
