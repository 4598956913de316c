import { EventEmitter, once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ATTACH,
  callHeaders,
  EMPTY,
  framed,
  grpcStatus,
  WATCH_HEALTH,
  WHO_AM_I,
} from '../../../test/support/clients/raw-call.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { AttachSessionRequest } from '../../generated/latchkey/v1/session.ts';
import { Attachment } from '../../sessions/attachments/attachment.ts';
import type { OutputEnd } from '../../supervisor/connection/output-reader.ts';

const LIST_LINKS = 'latchkey.v1.LinkService/ListLinks';
const REFLECT = 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

/** Tells of what reaches a program: a client that attaches to it, and its input. */
const program = new EventEmitter();

/** Attaches to a program that prints nothing and takes all input. */
function attach({ signal }: { signal: AbortSignal }): Promise<Attachment> {
  const input = async (): Promise<void> => void program.emit('input');
  return Attachment.open('s', {
    read: (asked, until) => {
      asked();
      program.emit('attached');
      return nothing(until);
    },
    link: async () => ({ input }) as never,
    onDetached: () => {},
    signal,
  });
}

async function* nothing(signal: AbortSignal): AsyncGenerator<never, OutputEnd> {
  yield* [];
  await once(signal, 'abort');
  return {};
}

let api: ServedApi;
let authorization: string;
let release = (): void => {};
beforeAll(async () => {
  const never = new Promise<never>((_, reject) => {
    release = () => reject(new Error('released'));
  });
  const links = { list: () => never } as never;
  api = await ServedApi.start({
    links,
    sessions: { attach } as never,
    admins: ['ada'],
    callLimits: { messageDueMs: 200, unaryMs: 400, publicStreamMs: 300 },
    connectionLimits: { idleMs: 300 },
  });
  authorization = `Bearer ${await api.token('ada')}`;
});
afterAll(async () => {
  release();
  await api[Symbol.asyncDispose]();
});

/** Makes a raw call that sends `body` and then nothing more, without ending its request. */
function begun(
  method: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  return api.callOnce(method, body, { headers, keepsOpen: true });
}

describe('the time limit of a call', () => {
  it('ends a call whose message is incomplete', async () => {
    expect(await begun(WHO_AM_I, framed(Buffer.alloc(10), 60_000), { authorization })).toBe(
      status.DEADLINE_EXCEEDED,
    );
    expect(await begun(REFLECT, framed(Buffer.alloc(10), 60_000))).toBe(status.DEADLINE_EXCEEDED);
    expect(await begun(WHO_AM_I, Buffer.alloc(0), { authorization })).toBe(status.DEADLINE_EXCEEDED);
  });

  it('ends a call whose request does not end', async () => {
    expect(await begun(WHO_AM_I, EMPTY, { authorization })).toBe(status.DEADLINE_EXCEEDED);
  });

  it('ends a unary call after 60 s, whatever deadline the client sets', async () => {
    const session = api.http2();
    for (const timeout of ['99999999H', '99999999999H', '3600S']) {
      const stream = session.request(callHeaders(LIST_LINKS, { authorization, 'grpc-timeout': timeout }));
      stream.end(EMPTY);
      expect(await grpcStatus(stream)).toBe(status.DEADLINE_EXCEEDED);
    }
    session.destroy();
  });

  it('does not end a stream of a login that sends nothing for longer', async () => {
    const session = api.http2();
    const stream = session.request(callHeaders(ATTACH, { authorization }));
    const send = (request: AttachSessionRequest['request']): void =>
      void stream.write(framed(AttachSessionRequest.encode({ request }).finish()));
    send({ $case: 'attach', value: { sessionId: 's', offset: 0, watch: false } });
    await once(program, 'attached');
    expect(await begun(REFLECT, framed(Buffer.alloc(10), 60_000))).toBe(status.DEADLINE_EXCEEDED);
    send({ $case: 'input', value: Buffer.from('x') });
    await once(program, 'input');
    session.destroy();
  });

  it('ends a public stream', async () => {
    expect(await api.callOnce(WATCH_HEALTH, EMPTY)).toBe(status.DEADLINE_EXCEEDED);
  });

  it('closes a connection without calls', async () => {
    const socket = connectTls({
      host: 'localhost',
      port: api.port,
      ca: api.pki.caPem,
      ALPNProtocols: ['h2'],
    });
    socket.on('error', () => {}).resume();
    await once(socket, 'close');
  });

  it('closes idle connections a few at a time, since their clients may come back at once', async () => {
    await using roomy = await ServedApi.start({ connectionLimits: { connections: 100, idleMs: 300 } });
    const idle = Array.from({ length: 64 }, () => roomy.http2());
    const closings = idle.map((session) => once(session, 'close').then(() => performance.now()));
    const closedMs = await Promise.all(closings);
    expect(Math.max(...closedMs) - Math.min(...closedMs)).toBeGreaterThan(500);
  });
});
