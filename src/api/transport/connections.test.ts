import { once } from 'node:events';
import { type ClientHttp2Session, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callHeaders,
  EMPTY,
  GET_KEYS,
  grpcStatus,
  WATCH_HEALTH,
  WHO_AM_I,
} from '../../../test/support/clients/raw-call.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { sourceOf } from './connections.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

function closes(this: Socket): void {
  this.destroy();
}

function resets(this: Socket): void {
  this.resetAndDestroy();
}

function greets(this: Socket): void {
  this.end('GET / HTTP/1.1\r\n\r\n');
}

describe('a handshake', () => {
  it('accepts TLS 1.3 and HTTP/2 only', async () => {
    const handshake = (options: object): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTls({ host: 'localhost', port: api.port, ca: api.pki.caPem, ...options });
        socket.on('secureConnect', () => {
          resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`);
          socket.destroy();
        });
        socket.on('error', (error) => resolve(`refused: ${error.message}`));
      });
    expect(await handshake({ ALPNProtocols: ['h2'] })).toBe('TLSv1.3 h2');
    expect(await handshake({ ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' })).toMatch(/^refused/);
    expect(await handshake({ ALPNProtocols: ['http/1.1'] })).toMatch(/^refused/);
  });

  it.each([
    ['closes it at once', (port: number) => connectTcp(port, '127.0.0.1', closes)],
    ['resets it', (port: number) => connectTcp(port, '127.0.0.1', resets)],
    ['speaks another protocol', (port: number) => connectTcp(port, '127.0.0.1', greets)],
    ['does not trust the server', (port: number) => connectTls({ host: '127.0.0.1', port, ca: [] })],
    ['offers another protocol', (port: number) => connectTls({ port, ca: api.pki.caPem, host: 'localhost' })],
  ])('logs the address of a client that %s during the handshake', async (_, connect) => {
    await using own = await ServedApi.start();
    connect(own.port).on('error', () => {});
    await expect.poll(() => own.logged).toHaveLength(1);
    expect(JSON.parse(own.logged[0] ?? '')).toMatchObject({
      msg: 'handshake refused',
      from: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      peer: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      cause: expect.stringMatching(/closed|http request|HTTP\/2/),
    });
  });

  it('cuts a client that does not finish the handshake within 5 s', { timeout: 15_000 }, async () => {
    const socket = connectTcp(api.port, '127.0.0.1');
    const begunMs = performance.now();
    await new Promise((resolve) =>
      socket
        .once('close', resolve)
        .on('error', () => {})
        .resume(),
    );
    const tookMs = performance.now() - begunMs;
    expect(tookMs).toBeGreaterThan(4_500);
    expect(tookMs).toBeLessThan(8_000);
  });
});

/** Makes a call without a token, or with one. */
function call(session: ClientHttp2Session, method: string, token?: string): Promise<number | undefined> {
  const headers = callHeaders(method, token === undefined ? {} : { authorization: `Bearer ${token}` });
  return grpcStatus(session.request(headers).end(EMPTY));
}

/** Opens a connection that has shown a valid token. */
async function known(here: ServedApi, login: string): Promise<ClientHttp2Session> {
  const session = here.http2();
  expect(await call(session, WHO_AM_I, await here.token(login))).toBe(status.OK);
  return session;
}

/** Opens a connection without a token, on which a call is under way. */
async function watching(here: ServedApi): Promise<ClientHttp2Session> {
  const session = here.http2();
  await once(session.request(callHeaders(WATCH_HEALTH)).end(EMPTY), 'data');
  return session;
}

async function revokedToken(here: ServedApi): Promise<string> {
  const issued = await here.token('gone');
  await here.revocation.revoke({ login: 'gone' }, 'revoked');
  return issued;
}

describe('an idle connection', () => {
  it('is closed early, unless it has shown a valid token or has a call under way', async () => {
    await using here = await ServedApi.start({ connectionLimits: { idleMs: 300 } });
    const kept = [await known(here, 'alice'), await watching(here)];
    const guessing = here.http2();
    expect(await call(guessing, WHO_AM_I, 'x')).toBe(status.UNAUTHENTICATED);
    expect(await call(guessing, WHO_AM_I, await revokedToken(here))).toBe(status.UNAUTHENTICATED);
    await Promise.all([guessing, here.http2()].map((session) => once(session, 'close')));
    // Idle for longer than those that were closed.
    expect(await Promise.all(kept.map((session) => call(session, GET_KEYS)))).toEqual([status.OK, status.OK]);
    for (const session of kept) session.destroy();
  });
});

describe('a flood of calls', () => {
  it('of 100 within a second is answered', async () => {
    const session = api.http2();
    const answers = Array.from({ length: 100 }, () => call(session, 'no.such/Method'));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([status.UNIMPLEMENTED]));
    session.destroy();
  });

  it.each<[string, string, (api: ServedApi) => Promise<string | undefined>]>([
    ['of unknown methods', 'no.such/Method', async () => undefined],
    ['of public methods', GET_KEYS, async () => undefined],
    ['without a token', WHO_AM_I, async () => undefined],
    ['with a token that nobody has issued', WHO_AM_I, async () => 'x'],
    ['with a revoked token', WHO_AM_I, revokedToken],
  ])('of more than 100 within a second, %s, cuts its connection', async (_, method, find) => {
    const token = await find(api);
    const session = api.http2();
    const cut = once(session, 'goaway');
    await Promise.all(Array.from({ length: 200 }, () => call(session, method, token)));
    expect((await cut)[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await expect.poll(() => session.destroyed).toBe(true);
  });

  it('is answered on a connection that has shown a valid token', async () => {
    const session = await known(api, 'alice');
    const token = await api.token('alice');
    const answers = Array.from({ length: 200 }, () => call(session, WHO_AM_I, token));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([status.OK]));
    session.destroy();
  });
});

describe('at the limit of connections', () => {
  const connections = 20;

  it('closes one for each that comes after 2,048', async () => {
    await using here = await ServedApi.start({ connectionLimits: { handshakeMs: 60_000 } });
    let closed = 0;
    const sockets = Array.from({ length: 2047 }, () =>
      connectTcp(here.port, '127.0.0.1')
        .on('error', () => {})
        .on('close', () => {
          closed += 1;
        }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const last = await known(here, 'alice'); // accepted after all others
    expect(closed).toBe(0);
    const more = await known(here, 'alice');
    await expect.poll(() => closed).toBe(1);
    for (const session of [last, more]) expect(await call(session, GET_KEYS)).toBe(status.OK);
    expect(closed).toBe(1);
    for (const open of [last, more, ...sockets]) open.destroy();
  });

  it('closes connections whose handshake hangs', async () => {
    await using here = await ServedApi.start({ connectionLimits: { connections } });
    const idle = Array.from({ length: connections }, () =>
      connectTcp(here.port, '127.0.0.1').on('error', () => {}),
    );
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const closed = Promise.race(idle.map((socket) => once(socket.resume(), 'close')));
    const session = await known(here, 'alice');
    await closed;
    expect(here.logged).toEqual([]); // no client is said to have closed it
    session.destroy();
    for (const socket of idle) socket.destroy();
  });

  it('closes the oldest that has shown no valid token and has no call', async () => {
    await using here = await ServedApi.start({ connectionLimits: { connections: 4, idleMs: 60_000 } });
    const kept = [await known(here, 'alice'), await watching(here)];
    const idle: ClientHttp2Session[] = [];
    for (let count = 0; count < 2; count += 1) {
      const session = here.http2();
      expect(await call(session, GET_KEYS)).toBe(status.OK);
      idle.push(session);
    }
    const [oldest, younger] = idle as [ClientHttp2Session, ClientHttp2Session];
    const closed = once(oldest, 'close');
    const newest = here.http2();
    expect(await call(newest, GET_KEYS)).toBe(status.OK);
    await closed;
    kept.push(younger, newest);
    expect(await Promise.all(kept.map((session) => call(session, GET_KEYS)))).toEqual(
      Array(4).fill(status.OK),
    );
    for (const session of kept) session.destroy();
  });

  it('closes connections of a login that has many, and of no other login', async () => {
    await using here = await ServedApi.start({ connectionLimits: { connections } });
    const own = await known(here, 'alice');
    const token = await here.token('mallory');
    const hers: ClientHttp2Session[] = [];
    for (let count = 1; count < connections; count += 1) {
      const session = here.http2();
      expect(await call(session, WHO_AM_I, token)).toBe(status.OK);
      hers.push(session);
    }
    (await known(here, 'bob')).destroy();
    await expect.poll(() => hers.filter(({ destroyed }) => destroyed).length).toBe(1);
    expect(await call(own, GET_KEYS)).toBe(status.OK);
    for (const session of [own, ...hers]) session.destroy();
  });

  it('refuses another one while logins have few each, and says so in the log', async () => {
    await using here = await ServedApi.start({ connectionLimits: { connections: 2 } });
    const kept = [await known(here, 'alice'), await known(here, 'bob')];
    await once(
      connectTcp(here.port, '127.0.0.1').on('error', () => {}),
      'close',
    );
    expect(JSON.parse(here.logged.at(-1) ?? '')).toMatchObject({
      msg: 'connection refused',
      reason: 'LIMIT_EXCEEDED',
      from: '127.0.0.1',
    });
    expect(await Promise.all(kept.map((session) => call(session, GET_KEYS)))).toEqual([status.OK, status.OK]);
    for (const session of kept) session.destroy();
  });
});

describe('the source of a connection', () => {
  it.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '20010db800010002::/64'],
    ['2001:db8:1:2::9', '20010db800010002::/64'],
    ['::1', '::1'],
  ])('%s is %s', (address, source) => expect(sourceOf(address)).toBe(source));
});
