/** A listener in the folder of links that behaves as a test wants. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Ended, type Frame, Kind } from '../../../src/generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../../src/link-protocol/frames.ts';
import type { Body, Case, ValueOf } from '../../../src/link-protocol/protocol.ts';
import { resumeMac } from '../../../src/token/proof.ts';
import { me } from './supervisor-world.ts';

/** Answer to a frame: a body, several, or none. */
type Answers = {
  readonly [K in Case]?: (value: ValueOf<K>, frame: Frame) => Body | readonly Body[] | undefined;
};

/** Returns what an honest link says of a session of one process. */
export function endedAs(sessionId: string, more: Partial<Ended> = {}): Ended {
  return { sessionId, processes: 1, survivors: [], incomplete: false, ...more };
}

export interface FakeLinkOptions {
  readonly uid?: number;
  readonly daemon?: boolean;
  readonly hello?: Partial<ValueOf<'hello'>>;
  /** Number of times that it sends Hello on a connection; 1 by default. */
  readonly hellos?: number;
  readonly answers?: Answers;
}

export class FakeLink implements AsyncDisposable {
  readonly name: string;
  readonly path: string;
  readonly received: Frame[] = [];
  bytesReceived = 0;
  /** Accepts connections, and says nothing. */
  isSilent = false;
  /** Times of its connections, as performance.now(). */
  readonly connectedMs: number[] = [];
  jti = '';
  answers: Answers;
  readonly #options: FakeLinkOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #initKey: Buffer = Buffer.alloc(0);
  #nonce: Buffer = Buffer.alloc(0);

  private constructor(folder: string, options: FakeLinkOptions) {
    this.name = `${options.uid ?? me.uid}.${randomBytes(16).toString('hex')}.sock`;
    this.path = join(folder, this.name);
    this.#options = options;
    this.answers = options.answers ?? {};
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(folder: string, options: FakeLinkOptions = {}): Promise<FakeLink> {
    const link = new FakeLink(folder, options);
    link.#server.listen(link.path);
    await once(link.#server, 'listening');
    return link;
  }

  /** Number of connections so far. */
  get connections(): number {
    return this.connectedMs.length;
  }

  say(body: Body, request = 0): void {
    for (const socket of this.#sockets) socket.write(encodeFrame({ request, body }));
  }

  sayBytes(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /** Leaves unread what comes on the connections. */
  stopReading(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** Closes the connections and goes on listening. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    this.connectedMs.push(performance.now());
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    if (this.isSilent) return;
    const frames = new FrameDecoder();
    socket.on('data', (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      for (const frame of frames.push(chunk)) this.#hear(socket, frame);
    });
    this.#nonce = randomBytes(32);
    const hello = {
      version: 1,
      nonce: this.#nonce,
      pid: process.pid,
      programVersion: 'fake',
      jti: this.jti,
      takesBytes: true,
      hasTerminals: true,
    };
    const kind = this.#options.daemon ? Kind.LINK_DAEMON : Kind.LINK;
    const value = { kind, ...hello, ...this.#options.hello };
    const frame = encodeFrame({ request: 0, body: { $case: 'hello', value } });
    socket.write(Buffer.concat(Array<Buffer>(this.#options.hellos ?? 1).fill(frame)));
  }

  #hear(socket: Socket, frame: Frame): void {
    this.received.push(frame);
    const { request, body } = frame;
    if (!body) return;
    const own = this.answers[body.$case] as
      | ((value: unknown, frame: Frame) => Body | readonly Body[] | undefined)
      | undefined;
    const said = own ? own(body.value, frame) : this.#answer(body);
    if (!said) return;
    for (const one of Array.isArray(said) ? (said as Body[]) : [said as Body]) {
      socket.write(encodeFrame({ request, body: one }));
    }
  }

  /** Answers as a link that runs nothing. */
  #answer(body: Body): Body | undefined {
    switch (body.$case) {
      case 'init': {
        const payload = Buffer.from(body.value.token.split('.')[1] ?? '', 'base64url').toString();
        this.jti = (JSON.parse(payload) as { jti: string }).jti;
        this.#initKey = body.value.initKey;
        return { $case: 'ready', value: { mac: Buffer.alloc(0), jti: this.jti } };
      }
      case 'resume': {
        const transcript = {
          version: 1,
          linkNonce: this.#nonce,
          daemonNonce: body.value.nonce,
          jti: this.jti,
          uid: me.uid,
        };
        return {
          $case: 'ready',
          value: { mac: resumeMac('link', this.#initKey, transcript), jti: this.jti },
        };
      }
      case 'list':
      case 'adopt':
        return { $case: 'sessions', value: { sessions: [] } };
      case 'start':
        return { $case: 'started', value: { sessionId: body.value.sessionId, pid: 0 } };
      case 'stop':
        if (body.value.retire) return undefined;
        if (this.#server.listening) this.#server.close();
        return { $case: 'stopped', value: { ended: [] } };
      case 'end':
        return { $case: 'ended', value: endedAs(body.value.sessionId) };
      case 'read':
      case 'stdin':
      case 'credit':
      case 'stopRead':
        return undefined;
      default:
        return { $case: 'done', value: {} };
    }
  }
}
