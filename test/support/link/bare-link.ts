/**
 * The smallest link: completes the handshake, holds a token, runs nothing, and exits when told to. Many fit
 * into one process.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Frame, Kind } from '../../../src/generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../../src/link-protocol/frames.ts';
import { resumeMac } from '../../../src/token/proof.ts';

type Body = NonNullable<Frame['body']>;

const VERSION = 1;
const NONCE_BYTES = 32;

export class BareLink implements Disposable {
  readonly name: string;
  /** The token, once the server has sent it. */
  token: string | undefined;
  jti = '';
  readonly #uid: number;
  readonly #daemon: boolean;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #initKey = Buffer.alloc(0);

  private constructor(uid: number, daemon: boolean) {
    this.name = `${uid}.${randomBytes(16).toString('hex')}.sock`;
    this.#uid = uid;
    this.#daemon = daemon;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(folder: string, uid: number, daemon = false): Promise<BareLink> {
    const link = new BareLink(uid, daemon);
    link.#server.listen(join(folder, link.name));
    await once(link.#server, 'listening');
    return link;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    const nonce = randomBytes(NONCE_BYTES);
    const frames = new FrameDecoder();
    socket.on('data', (chunk: Buffer) => {
      for (const { request, body } of frames.push(chunk)) this.#hear(socket, nonce, request, body);
    });
    const kind = this.#daemon ? Kind.LINK_DAEMON : Kind.LINK;
    const identity = { pid: process.pid, programVersion: 'bare', jti: this.jti, kind };
    const value = { version: VERSION, nonce, takesBytes: true, hasTerminals: true, ...identity };
    socket.write(encodeFrame({ request: 0, body: { $case: 'hello', value } }));
  }

  #hear(socket: Socket, nonce: Buffer, request: number, body: Body | undefined): void {
    const answer = body && this.#answer(nonce, body);
    if (answer) socket.write(encodeFrame({ request, body: answer }));
    if (body?.$case === 'stop') this[Symbol.dispose]();
  }

  #answer(linkNonce: Buffer, body: Body): Body | undefined {
    switch (body.$case) {
      case 'init': {
        const { token, initKey } = body.value;
        const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
        this.jti = (JSON.parse(payload) as { jti: string }).jti;
        this.token = token;
        this.#initKey = Buffer.from(initKey);
        return { $case: 'ready', value: { mac: Buffer.alloc(0), jti: this.jti } };
      }
      case 'resume': {
        const { nonce: daemonNonce } = body.value;
        const transcript = { version: VERSION, linkNonce, daemonNonce, jti: this.jti, uid: this.#uid };
        return {
          $case: 'ready',
          value: { mac: resumeMac('link', this.#initKey, transcript), jti: this.jti },
        };
      }
      case 'list':
      case 'adopt':
        return { $case: 'sessions', value: { sessions: [] } };
      case 'stop':
        return { $case: 'stopped', value: { ended: [] } };
      default:
        return { $case: 'done', value: {} };
    }
  }
}
