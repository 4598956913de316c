/**
 * The first frames on a connection (DESIGN 7.3): the link sends Hello, the daemon answers with Init (to a
 * new link: token, proof, init key) or Resume (both ends prove the init key), the link with Ready.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../errors.ts';
import { type Hello, type Init, Kind } from '../../generated/latchkey/link/v1/link.ts';
import { NONCE_BYTES, PROTOCOL_VERSION } from '../../link-protocol/protocol.ts';
import { resumeMac } from '../../token/proof.ts';
import { Channel } from './channel.ts';
import type { SocketWithReader } from './dial.ts';

const HELLO_MS = 5_000;
const READY_MS = 5_000;

export interface Greeted {
  readonly channel: Channel;
  readonly hello: Hello;
}

/** Waits for Hello on a connection whose listener has been verified. Throws LINK_LOST or LINK_REFUSED. */
export async function greet(line: SocketWithReader): Promise<Greeted> {
  const received = Promise.withResolvers<Hello | undefined>();
  let isReceived = false;
  const channel = new Channel(line, (body) => {
    if (isReceived || body.$case !== 'hello')
      throw new AppError('INVALID_ARGUMENT', 'Hello must be the first frame, and sent once');
    isReceived = true;
    received.resolve(body.value);
  });
  void channel.ended.then(() => received.resolve(undefined));
  const timer = setTimeout(() => channel.close('the link sent no Hello'), HELLO_MS);
  const hello = await received.promise;
  clearTimeout(timer);
  if (!hello) throw new AppError('LINK_LOST', 'the link sent no Hello');
  if (hello.version === PROTOCOL_VERSION && hello.nonce.length === NONCE_BYTES) return { channel, hello };
  channel.close('unsupported version of the protocol');
  throw new AppError('LINK_REFUSED', `unsupported version ${hello.version} of the protocol`);
}

/** Throws LINK_REFUSED unless `hello` is from a new link of the registered kind. */
export function checkNewLink(hello: Hello, daemon: boolean): void {
  const kind = daemon ? Kind.LINK_DAEMON : Kind.LINK;
  if (hello.kind !== kind) throw new AppError('LINK_REFUSED', 'the link is not of the registered kind');
  if (hello.jti !== '') throw new AppError('LINK_REFUSED', 'the link is already initialised');
}

/** Sends Init to a new link. Throws LINK_REFUSED or LINK_LOST. */
export async function initialise(channel: Channel, init: Init, jti: string): Promise<void> {
  const ready = await channel.ask({ $case: 'init', value: init }, 'ready', READY_MS);
  if (ready.jti !== jti) throw new AppError('LINK_REFUSED', 'the link has another token');
}

/** Resumes a link that an earlier connection has initialised. Throws LINK_REFUSED when it is another one. */
export async function resume(
  { channel, hello }: Greeted,
  known: { readonly jti: string; readonly uid: number; readonly initKey: Buffer },
): Promise<void> {
  const { jti, uid, initKey } = known;
  if (hello.jti !== jti) throw new AppError('LINK_REFUSED', 'another link listens on the socket');
  const daemonNonce = randomBytes(NONCE_BYTES);
  const transcript = { version: PROTOCOL_VERSION, linkNonce: hello.nonce, daemonNonce, jti, uid };
  const mac = resumeMac('daemon', initKey, transcript);
  const ready = await channel.ask({ $case: 'resume', value: { nonce: daemonNonce, mac } }, 'ready', READY_MS);
  const expected = resumeMac('link', initKey, transcript);
  const proven = ready.mac.length === expected.length && timingSafeEqual(ready.mac, expected);
  if (!proven || ready.jti !== jti) throw new AppError('LINK_REFUSED', 'the link does not know the init key');
}
