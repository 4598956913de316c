import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callHeaders, framed, grpcStatus, ServedApi } from '../../../test/support/server/served-api.ts';
import { sourceOf } from './connections.ts';

const OK = 0;
const WHO_AM_I = 'latchkey.v1.AuthService/WhoAmI';

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

describe('at the limit of connections', () => {
  const connections = 20;
  const call = async (here: ServedApi, token: string): Promise<() => void> => {
    const session = here.http2();
    const stream = session.request(callHeaders(WHO_AM_I, { authorization: `Bearer ${token}` }));
    stream.end(framed(Buffer.alloc(0)));
    expect(await grpcStatus(stream)).toBe(OK);
    return () => session.destroy();
  };

  it('closes connections whose handshake hangs', async () => {
    await using here = await ServedApi.start({ connectionLimits: { connections } });
    const idle = Array.from({ length: connections }, () =>
      connectTcp(here.port, '127.0.0.1').on('error', () => {}),
    );
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    (await call(here, await here.token('alice')))();
    for (const socket of idle) socket.destroy();
  });

  it('closes connections of a login that has many, and of no other login', async () => {
    await using here = await ServedApi.start({ connectionLimits: { connections } });
    const own = here.http2();
    const watch = own.request(
      callHeaders('latchkey.v1.TokenService/WatchTokens', {
        authorization: `Bearer ${await here.token('alice')}`,
      }),
    );
    watch.end(framed(Buffer.alloc(0)));
    await new Promise((resolve) => watch.once('data', resolve));
    const token = await here.token('mallory');
    const hers: (() => void)[] = [];
    for (let count = 1; count < connections; count += 1) hers.push(await call(here, token));
    (await call(here, await here.token('bob')))();
    expect(own.destroyed).toBe(false);
    own.destroy();
    for (const close of hers) close();
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

