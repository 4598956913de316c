/**
 * The first two frames of a connection: the link's Hello, then the daemon's Init or Resume (DESIGN 7.3).
 * The connection is then authenticated or closed; no other frame is accepted before.
 */
import { AppError } from '../../errors.ts';
import { type Frame, Kind, type Ready } from '../../generated/latchkey/link/v1/link.ts';
import { PROTOCOL_VERSION } from '../../link-protocol/protocol.ts';
import { VERSION } from '../../version.ts';
import { type Identity, newNonce } from '../identity.ts';
import type { Channel } from './channel.ts';

const TIMEOUT_MS = 10_000;

/**
 * Resolves with this connection's nonce once the daemon has authenticated itself and Ready has been sent.
 * Otherwise sends the error, closes the channel and rejects.
 */
export async function performHandshake(channel: Channel, identity: Identity): Promise<Buffer> {
  const nonce = newNonce();
  const first = Promise.withResolvers<Frame>();
  const timer = setTimeout(
    () => first.reject(new AppError('DEADLINE_EXCEEDED', 'no handshake within 10 seconds')),
    TIMEOUT_MS,
  );
  timer.unref();
  channel.onFrame = (frame) => {
    channel.onFrame = tooEarly;
    first.resolve(frame);
  };
  channel.onClose = () => first.reject(new AppError('CANCELLED', 'the connection was closed'));
  sendHello(channel, identity, nonce);
  let request = 0;
  try {
    const frame = await first.promise;
    request = frame.request;
    channel.send(request, { $case: 'ready', value: accept(frame, identity, nonce) });
    return nonce;
  } catch (error) {
    channel.fail(request, error);
    void channel.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function tooEarly(): never {
  throw new AppError('INVALID_ARGUMENT', 'no frame is accepted before Ready');
}

function accept({ body }: Frame, identity: Identity, nonce: Buffer): Ready {
  if (body?.$case === 'init') {
    const { claims } = identity.init(body.value, nonce);
    return { mac: Buffer.alloc(0), jti: claims.jti };
  }
  if (body?.$case === 'resume') return identity.resume(body.value, nonce);
  throw new AppError('INVALID_ARGUMENT', 'the first frame must be Init or Resume');
}

function sendHello(channel: Channel, { facts, current }: Identity, nonce: Buffer): void {
  const value = {
    version: PROTOCOL_VERSION,
    nonce,
    pid: process.pid,
    kind: facts.daemon ? Kind.LINK_DAEMON : Kind.LINK,
    programVersion: VERSION,
    takesBytes: true,
    hasTerminals: true,
    jti: current?.claims.jti ?? '',
  };
  channel.send(0, { $case: 'hello', value });
}
