/**
 * The first two frames of a connection, after which it is trusted or closed: the link's Hello,
 * then the daemon's Init or Resume (DESIGN 7.3). Nothing else is listened to before.
 */
import { AppError } from '../../errors.ts';
import { type Frame, Kind, type Ready } from '../../generated/latchkey/link/v1/link.ts';
import { PROTOCOL_VERSION } from '../../link-protocol/protocol.ts';
import { VERSION } from '../../version.ts';
import { type Identity, newNonce } from '../identity.ts';
import type { Channel } from './channel.ts';

const PATIENCE_MS = 10_000;

/**
 * Resolves with the nonce of this connection once the daemon has proven itself and has been
 * answered. Otherwise tells it why not, closes the channel and rejects.
 */
export async function shakeHands(channel: Channel, identity: Identity): Promise<Buffer> {
  const nonce = newNonce();
  const first = Promise.withResolvers<Frame>();
  const timer = setTimeout(
    () => first.reject(new AppError('DEADLINE_EXCEEDED', 'no handshake')),
    PATIENCE_MS,
  );
  timer.unref();
  channel.onFrame = (frame) => {
    channel.onFrame = tooEarly;
    first.resolve(frame);
  };
  channel.onClose = () => first.reject(new AppError('CANCELLED', 'the connection was closed'));
  sayHello(channel, identity, nonce);
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
  throw new AppError('INVALID_ARGUMENT', 'commands are taken after ready');
}

function accept({ body }: Frame, identity: Identity, nonce: Buffer): Ready {
  if (body?.$case === 'init') {
    const { claims } = identity.init(body.value, nonce);
    return { mac: Buffer.alloc(0), jti: claims.jti };
  }
  if (body?.$case === 'resume') return identity.resume(body.value, nonce);
  throw new AppError('INVALID_ARGUMENT', 'a connection begins with init or resume');
}

function sayHello(channel: Channel, { facts, current }: Identity, nonce: Buffer): void {
  const value = {
    version: PROTOCOL_VERSION,
    nonce,
    pid: process.pid,
    kind: facts.daemon ? Kind.LINK_DAEMON : Kind.LINK,
    programVersion: VERSION,
    jti: current?.claims.jti ?? '',
  };
  channel.send(0, { $case: 'hello', value });
}
