/** Admission as callers see it: the limits that they meet, and the tokens that are taken from them. */
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callAs } from '../../../test/support/clients/call-as.ts';
import {
  callHeaders,
  EMPTY,
  GET_KEYS,
  grpcStatus,
  WATCH_HEALTH,
  WHO_AM_I,
} from '../../../test/support/clients/raw-call.ts';
import { needs } from '../../../test/support/needs.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { Role } from '../../generated/latchkey/v1/auth.ts';
import { FixedWindow } from '../../limits/fixed-window.ts';
import { peerOf } from '../transport/peer.ts';
import { type AdmissionDeps, admit, type IncomingCall } from './admit.ts';
import { Limits } from './limits.ts';

const WATCH_TOKENS = 'latchkey.v1.TokenService/WatchTokens';
const OTHER_UID = 61_234;

/** Begins a call with an empty request. */
function begin(session: ClientHttp2Session, method: string, token?: string): ClientHttp2Stream {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return session.request(callHeaders(method, headers)).end(EMPTY);
}

/** Begins a stream, and resolves when its first message is there. */
async function held(session: ClientHttp2Session, method: string, token?: string): Promise<ClientHttp2Stream> {
  const stream = begin(session, method, token);
  await once(stream, 'data');
  return stream;
}

describe('the server applies its limit of', () => {
  it('calls of one login at once, whatever their tokens, until one of them has ended', async () => {
    await using api = await ServedApi.start({ callLimits: { perLogin: 2 } });
    const session = api.http2();
    const tokens = await Promise.all(['bob', 'bob', 'bob', 'eve'].map((login) => api.token(login)));
    const [one, another, third = '', others = ''] = tokens;
    const first = await held(session, WATCH_TOKENS, one);
    await held(session, WATCH_TOKENS, another);
    expect(await grpcStatus(begin(session, WHO_AM_I, third))).toBe(status.RESOURCE_EXHAUSTED);
    expect(await grpcStatus(begin(session, WHO_AM_I, others))).toBe(status.OK);
    first.close();
    await expect.poll(() => grpcStatus(begin(session, WHO_AM_I, third))).toBe(status.OK);
    session.destroy();
  });

  it('public calls at once on all connections of one account', async () => {
    await using api = await ServedApi.start({ callLimits: { unauthenticated: 2 } });
    const sessions = [api.http2(), api.http2(), api.http2()] as const;
    const first = await held(sessions[0], WATCH_HEALTH);
    await held(sessions[1], WATCH_HEALTH);
    expect(await grpcStatus(begin(sessions[2], GET_KEYS))).toBe(status.RESOURCE_EXHAUSTED);
    expect(await grpcStatus(begin(sessions[2], WHO_AM_I, await api.token('bob')))).toBe(status.OK);
    first.close();
    await expect.poll(() => grpcStatus(begin(sessions[2], GET_KEYS))).toBe(status.OK);
    for (const session of sessions) session.destroy();
  });

  it('public calls to each account of this host by itself', needs('root'), async () => {
    await using api = await ServedApi.start({ callLimits: { unauthenticated: 1 } });
    const session = api.http2();
    await held(session, WATCH_HEALTH);
    expect(await callAs(0, api, GET_KEYS)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await callAs(OTHER_UID, api, GET_KEYS)).toBe(status.OK);
    session.destroy();
  });

  it('registrations of links of one account within a minute', async () => {
    let registered = 0;
    const register = async (): Promise<{ jti: string }> => {
      registered += 1;
      return { jti: 'j' };
    };
    await using api = await ServedApi.start({
      callLimits: { registrationsPerMinute: 2 },
      links: { register } as never,
    });
    await using client = await api.client();
    const registerOne = () => client.links.registerLink({ socket: 's' });
    await registerOne();
    await registerOne();
    await expect(registerOne()).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    expect(registered).toBe(2);
  });
});

describe('a token', () => {
  let api: ServedApi;
  beforeAll(async () => {
    api = await ServedApi.start();
  });
  afterAll(() => api[Symbol.asyncDispose]());

  /** Calls with an authorization header for `token`, and returns the status. */
  async function withHeader(header: (token: string) => string): Promise<number | undefined> {
    const session = api.http2();
    const authorization = header(await api.token('alice'));
    const stream = session.request({ ...callHeaders(WHO_AM_I), authorization }).end(EMPTY);
    const answer = await grpcStatus(stream);
    session.destroy();
    return answer;
  }

  it.each<[string, (token: string) => string]>([
    ['"Bearer" and the token', (token) => `Bearer ${token}`],
    ['"bearer" and the token (RFC 9110, 11.1)', (token) => `bearer ${token}`],
  ])('is taken after %s', async (_, header) => expect(await withHeader(header)).toBe(status.OK));

  it.each<[string, (token: string) => string]>([
    ['without a scheme', (token) => token],
    ['with another scheme', (token) => `Basic ${token}`],
    ['before something else', (token) => `Bearer ${token} x`],
    ['after a second blank', (token) => `Bearer  ${token}`],
    ['beside another one', (token) => `Bearer ${token}, Bearer ${token}`],
  ])('is refused %s', async (_, header) => expect(await withHeader(header)).toBe(status.UNAUTHENTICATED));
});

describe("the local administrator's token (A8)", () => {
  let api: ServedApi;
  beforeAll(async () => {
    api = await ServedApi.start();
  });
  afterAll(() => api[Symbol.asyncDispose]());

  it("is accepted from the server's own account on its host", async () => {
    await using client = await api.client(undefined, {
      token: await api.token('root', { authMethod: 'local' }),
    });
    expect(await client.auth.whoAmI({})).toMatchObject({ role: Role.ADMIN });
  });

  it('is refused from any other account', needs('root'), async () => {
    const token = await api.token('root', { authMethod: 'local' });
    expect(await callAs(0, api, WHO_AM_I, token)).toBe(0);
    expect(await callAs(OTHER_UID, api, WHO_AM_I, token)).toBe(status.PERMISSION_DENIED);
    expect(await callAs(OTHER_UID, api, WHO_AM_I, await api.token('root'))).toBe(0);
  });
});

describe("a call for callers on the server's own host", () => {
  /** Returns a public call over a connection from `address`, which the kernel does not know. */
  function callFrom(address: string): IncomingCall {
    const peer = peerOf({ address, port: 1 }, { address: '127.0.0.1', port: 2 });
    const attempts = new FixedWindow(1_000, 0);
    const connection = { peer, calls: 0, authenticated: false, idleSinceMs: 0, attempts };
    const slots = new DisposableStack();
    return { connection, metadata: new Metadata(), requestId: 'r', slots } as never;
  }
  const deps = { limits: new Limits() } as AdmissionDeps;

  it.each([
    ['another host', '192.0.2.7', /only callers on the server's own host/],
    ['a process that the kernel cannot name', '127.0.0.1', /the kernel cannot tell which user/],
  ])('is refused from %s, which may make other public calls', async (_, address, message) => {
    await expect(admit(deps, { access: 'public', localOnly: true }, callFrom(address))).rejects.toMatchObject(
      {
        reason: 'LOCAL_ONLY',
        message: expect.stringMatching(message),
      },
    );
    expect(await admit(deps, { access: 'public' }, callFrom(address))).toMatchObject({ peer: { address } });
  });
});
