import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type ClientHttp2Stream, constants } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ATTACH,
  callHeaders,
  EMPTY,
  framed,
  GET_KEYS,
  grpcStatus,
  WATCH_HEALTH,
  WHO_AM_I,
} from '../../../test/support/clients/raw-call.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { GetKeysRequest } from '../../generated/latchkey/v1/auth.ts';
import { AttachSessionRequest } from '../../generated/latchkey/v1/session.ts';
import { VerifyTokenRequest } from '../../generated/latchkey/v1/token.ts';
import { Attachment } from '../../sessions/attachments/attachment.ts';
import type { OutputEnd } from '../../supervisor/connection/output-reader.ts';
import { Limits } from './limits.ts';

const VERIFY = 'latchkey.v1.TokenService/VerifyToken';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start({ managers: ['max'] });
});
afterAll(() => api[Symbol.asyncDispose]());

type AttachBody = NonNullable<AttachSessionRequest['request']>;

/** Returns a compressed message with its gRPC prefix. */
function packed(message: Uint8Array): Buffer {
  const frame = framed(gzipSync(message));
  frame[0] = 1;
  return frame;
}

/** Returns a compressed input message of an attached client. */
function attachRequest(request: AttachBody): Buffer {
  return packed(AttachSessionRequest.encode({ request }).finish());
}

/** Returns headers that take some more than `kilobytes` together. */
function largeHeaders(kilobytes: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: kilobytes }, (_, index) => [`x-${index}`, 'x'.repeat(1000)]),
  );
}

/** Output of a program that prints nothing. */
async function* nothing(signal: AbortSignal): AsyncGenerator<never, OutputEnd> {
  yield* [];
  await once(signal, 'abort');
  return {};
}

describe('before a login', () => {
  it('accepts messages of 64 KiB and not a byte more', async () => {
    expect(await api.callOnce(GET_KEYS, framed(GetKeysRequest.encode({}).finish()))).toBe(status.OK);
    // Field 15 of any message: unknown, so skipped.
    const padding = (bytes: number): Buffer =>
      Buffer.concat([Buffer.from([0x7a, 0xfc, 0xff, 0x03]), Buffer.alloc(bytes)]);
    const gzip = { headers: { 'grpc-encoding': 'gzip' } };
    expect(await api.callOnce(GET_KEYS, framed(padding(65_532)))).toBe(status.OK);
    expect(await api.callOnce(GET_KEYS, packed(padding(65_532)), gzip)).toBe(status.OK);
    expect(await api.callOnce(GET_KEYS, framed(Buffer.alloc(65_537)))).toBe(status.RESOURCE_EXHAUSTED);
    expect(await api.callOnce(GET_KEYS, packed(Buffer.alloc(65_537)), gzip)).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('refuses a message of 4 GiB when it is declared', async () => {
    expect(await api.callOnce(GET_KEYS, framed(Buffer.alloc(0), 2 ** 32 - 1))).toBe(
      status.RESOURCE_EXHAUSTED,
    );
  });

  it('reads nothing of a call that needs a login', async () => {
    expect(await api.callOnce(VERIFY, framed(Buffer.alloc(70 * 1024)))).toBe(status.UNAUTHENTICATED);
  });

  it('accepts metadata of 16 KiB, and no more', async () => {
    const call = (kilobytes: number): Promise<number | undefined> =>
      api.callOnce(GET_KEYS, EMPTY, { headers: largeHeaders(kilobytes) });
    expect(await call(15)).toBe(status.OK);
    expect(await call(16)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await call(100)).not.toBe(status.OK);
  });

  it('refuses the 17th simultaneous call on a connection, and accepts another when one has ended', async () => {
    const session = api.http2();
    const open = (): ReturnType<typeof session.request> => {
      const stream = session.request(callHeaders(WATCH_HEALTH));
      stream.end(EMPTY);
      return stream;
    };
    const streams = Array.from({ length: 16 }, open);
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('data', resolve))));
    expect(await grpcStatus(open())).toBe(status.RESOURCE_EXHAUSTED);
    streams[0]?.close();
    await grpcStatus(streams[0] as (typeof streams)[0]);
    await new Promise((resolve) => open().once('data', resolve));
    session.destroy();
  });

  it('counts a call until its answer has been fetched, which has a time limit', async () => {
    await using here = await ServedApi.start({ callLimits: { fetchMs: 1_000 } });
    const session = here.http2({ initialWindowSize: 0 });
    const call = (): ClientHttp2Stream => session.request(callHeaders(GET_KEYS)).end(EMPTY);
    const answered = async (stream: ClientHttp2Stream): Promise<unknown> =>
      (await once(stream, 'response'))[0]['grpc-status'];
    const unfetched = Array.from({ length: 16 }, call);
    await Promise.all(unfetched.map(answered));
    expect(await grpcStatus(call())).toBe(status.RESOURCE_EXHAUSTED);
    await Promise.all(unfetched.map(grpcStatus));
    expect(unfetched.map(({ rstCode }) => rstCode)).toEqual(Array(16).fill(constants.NGHTTP2_CANCEL));
    expect(await answered(call())).toBeUndefined();
    session.destroy();
  });

  it('counts calls from other hosts together, and those of this host by uid', () => {
    const limits = new Limits();
    const slots = Array.from({ length: 100 }, () => limits.enterPublic('remote'));
    expect(() => limits.enterPublic('remote')).toThrow(expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }));
    limits.enterPublic(1000);
    slots[0]?.[Symbol.dispose]();
    slots[0]?.[Symbol.dispose]();
    limits.enterPublic('remote');
    expect(() => limits.enterPublic('remote')).toThrow();
  });
});

describe('what is not gRPC', () => {
  it('does no harm: random bytes instead of HTTP/2, and a message that unpacks to more than 64 KiB', async () => {
    const socket = connectTls({
      host: 'localhost',
      port: api.port,
      ca: api.pki.caPem,
      ALPNProtocols: ['h2'],
    });
    socket.on('error', () => {});
    socket.end(randomBytes(4096));
    await new Promise((resolve) => socket.once('close', resolve).resume());
    const bomb = framed(gzipSync(Buffer.alloc(10_000_000)));
    bomb[0] = 1;
    expect(bomb.length).toBeLessThan(64 * 1024);
    expect(await api.callOnce(GET_KEYS, bomb, { headers: { 'grpc-encoding': 'gzip' } })).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    expect(await api.callOnce(GET_KEYS, EMPTY)).toBe(status.OK);
  });
});

describe('with a login', () => {
  it('accepts messages of 1 MiB and not a byte more', async () => {
    const authorization = `Bearer ${await api.token('max')}`;
    const request = (length: number): Buffer =>
      framed(VerifyTokenRequest.encode({ token: 'x'.repeat(length) }).finish());
    const headers = { authorization };
    const PREFIX_BYTES = 4; // of the field
    expect(await api.callOnce(VERIFY, request(2 ** 20 - PREFIX_BYTES), { headers })).toBe(status.OK);
    expect(await api.callOnce(VERIFY, request(2 ** 20 - PREFIX_BYTES + 1), { headers })).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    expect(api.logged.findLast((line) => line.includes(VERIFY))).toContain('"reason":"LIMIT_EXCEEDED"');
  });

  it('limits the bytes of incomplete messages of one login', async () => {
    await using small = await ServedApi.start({
      managers: ['max'],
      callLimits: { messagesPerLogin: 100_000 },
    });
    const session = small.http2();
    const begin = async (login: string): Promise<ClientHttp2Stream> => {
      const authorization = `Bearer ${await small.token(login)}`;
      return session.request(callHeaders(WHO_AM_I, { authorization }));
    };
    const half = async (login: string): Promise<ClientHttp2Stream> => {
      const stream = await begin(login);
      stream.write(framed(Buffer.alloc(1), 60_000));
      await new Promise((resolve) => session.ping(resolve));
      return stream;
    };
    const first = await half('bob');
    expect(await grpcStatus(await half('bob'))).toBe(status.RESOURCE_EXHAUSTED);
    const other = await half('eve');
    const whole = await begin('bob');
    whole.end(EMPTY);
    expect(await grpcStatus(whole)).toBe(status.OK);
    first.close();
    await grpcStatus(first);
    const next = await half('bob');
    for (const stream of [next, other]) stream.end(Buffer.alloc(59_999));
    expect(await Promise.all([next, other].map(grpcStatus))).toEqual([status.OK, status.OK]);
    session.destroy();
  });

  it('limits the unpacked bytes of messages of one login that a program has not read yet', async () => {
    let takeAll = (): void => {};
    const taken = new Promise<void>((resolve) => {
      takeAll = resolve;
    });
    const program = new EventEmitter();
    const input = async (): Promise<void> => {
      program.emit('input');
      await taken;
    };
    const link = async (): Promise<never> => ({ input }) as never;
    const read = (asked: () => void, until: AbortSignal): ReturnType<typeof nothing> => {
      asked();
      return nothing(until);
    };
    const attach = ({ signal }: { signal: AbortSignal }): Promise<Attachment> =>
      Attachment.open('s', { read, link, onDetached: () => {}, signal });
    await using small = await ServedApi.start({
      callLimits: { messagesPerLogin: 100_000 },
      sessions: { attach } as never,
    });
    const session = small.http2();
    const attached = async (login: string): Promise<ClientHttp2Stream> => {
      const headers = { authorization: `Bearer ${await small.token(login)}`, 'grpc-encoding': 'gzip' };
      const stream = session.request(callHeaders(ATTACH, headers));
      stream.write(attachRequest({ $case: 'attach', value: { sessionId: 's', offset: 0, watch: false } }));
      stream.write(attachRequest({ $case: 'input', value: Buffer.alloc(60_000) }));
      return stream;
    };
    const [first] = await Promise.all([attached('bob'), once(program, 'input')]);
    expect(await grpcStatus(await attached('bob'))).toBe(status.RESOURCE_EXHAUSTED);
    await Promise.all([attached('eve'), once(program, 'input')]);
    takeAll();
    first.write(attachRequest({ $case: 'input', value: Buffer.alloc(50_000) }));
    first.write(attachRequest({ $case: 'attach', value: { sessionId: 's', offset: 0, watch: false } }));
    expect(await grpcStatus(first)).toBe(status.INVALID_ARGUMENT);
    await Promise.all([attached('bob'), once(program, 'input')]);
    session.destroy();
  });

  it('logs one line for many calls that are refused for the same reason', async () => {
    await using client = await api.client();
    const call = () => client.links.listLinks({}).catch(({ reason }) => reason);
    const answers = await Promise.all(Array.from({ length: 12 }, call));
    expect(new Set(answers)).toEqual(new Set(['NOT_LOGGED_IN']));
    const lines = api.logged.filter((line) => line.includes('LinkService/ListLinks'));
    expect(lines).toEqual([expect.stringContaining('"msg":"call refused"')]);
  });

  it('does not count simultaneous calls with a token as calls without one', async () => {
    await using client = await api.client('bob');
    const answers = await Promise.all(Array.from({ length: 64 }, () => client.auth.whoAmI({})));
    expect(answers).toHaveLength(64);
  });

  it('limits the simultaneous calls of one login', () => {
    const limits = new Limits();
    for (let call = 0; call < 1000; call++) limits.enterLogin('bob');
    expect(() => limits.enterLogin('bob')).toThrow(expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }));
    limits.enterLogin('eve');
  });

  it('limits how often links of one uid register', () => {
    let nowMs = 0;
    const limits = new Limits(undefined, () => nowMs);
    for (let link = 0; link < 60; link++) limits.countRegistration(1000);
    expect(() => limits.countRegistration(1000)).toThrow(
      expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }),
    );
    limits.countRegistration(1001);
    nowMs = 60_001;
    limits.countRegistration(1000);
  });
});
