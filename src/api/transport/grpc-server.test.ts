/** The gRPC server as any client sees it: which requests it accepts, health, reflection, certificates. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Settings } from 'node:http2';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callHeaders, EMPTY, framed, GET_KEYS, grpcStatus } from '../../../test/support/clients/raw-call.ts';
import { SERVER_ID, ServedApi } from '../../../test/support/server/served-api.ts';
import { loadPki } from '../../authority/keys/pki.ts';
import { HealthCheckRequest } from '../../generated/health/v1/health.ts';

const CHECK_HEALTH = 'grpc.health.v1.Health/Check';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

describe('the API for everyone', () => {
  it('serves health, and notifies watchers when it shuts down', async () => {
    await using other = await ServedApi.start();
    const session = other.http2();
    const watch = session.request(callHeaders('grpc.health.v1.Health/Watch'));
    watch.end(EMPTY);
    const pieces: Buffer[] = [];
    watch.on('data', (piece: Buffer) => pieces.push(piece));
    await once(watch, 'data');
    const ended = grpcStatus(watch);
    await other.stop();
    expect(await ended).toBe(14);
    expect(Buffer.concat(pieces)).toEqual(
      Buffer.concat([framed(Buffer.from([8, 1])), framed(Buffer.from([8, 2]))]),
    );
    session.destroy();
  });

  it('can be called without the protos: by buf curl through reflection (X8)', async () => {
    const curl = async (method: string, ...more: string[]): Promise<unknown> => {
      const { stdout } = await promisify(execFile)(
        join(import.meta.dirname, '../../../node_modules/.bin/buf'),
        [
          'curl',
          '--protocol',
          'grpc',
          '--cacert',
          join(api.folder, 'pki/ca.pem'),
          ...more,
          `https://localhost:${api.port}${method}`,
        ],
        { env: { ...process.env, HOME: api.folder } },
      );
      return method === '' ? stdout.trim().split('\n') : JSON.parse(stdout);
    };
    expect(await curl('', '--list-services')).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'latchkey.v1.AuthService',
      'latchkey.v1.LinkService',
      'latchkey.v1.SessionService',
      'latchkey.v1.SystemService',
      'latchkey.v1.TokenService',
    ]);
    expect(
      await curl('/grpc.health.v1.Health/Check', '-d', '{"service":"latchkey.v1.TokenService"}'),
    ).toEqual({ status: 'SERVING' });
    const authorization = `authorization: Bearer ${await api.token('alice')}`;
    expect(await curl('/latchkey.v1.AuthService/WhoAmI', '-d', '{}', '-H', authorization)).toMatchObject({
      role: 'ROLE_USER',
    });
  });

  it('refuses a malformed request, none, and more than one', async () => {
    expect(await api.callOnce(GET_KEYS, Buffer.alloc(0))).toBe(status.INVALID_ARGUMENT);
    expect(await api.callOnce(GET_KEYS, framed(Buffer.from([0xff, 0xff])))).toBe(status.INVALID_ARGUMENT);
    const two = Buffer.concat([EMPTY, EMPTY]);
    expect(await api.callOnce(GET_KEYS, two)).toBe(status.INVALID_ARGUMENT);
  });

  const malformed = {
    'a flag that gRPC does not have': { flag: 7 },
    'a compressed message without an encoding': { flag: 1 },
    'a compressed message with the encoding "identity"': {
      flag: 1,
      headers: { 'grpc-encoding': 'identity' },
    },
  };
  for (const [what, { flag, headers }] of Object.entries<{ flag: number; headers?: Record<string, string> }>(
    malformed,
  )) {
    it(`refuses ${what}`, async () => {
      const message = framed(Buffer.alloc(0));
      message[0] = flag;
      expect(await api.callOnce(GET_KEYS, message, headers && { headers })).toBe(status.INVALID_ARGUMENT);
    });
  }

  const notGrpc: Record<string, { headers: Record<string, string>; status: number }> = {
    'a GET': { headers: { ':method': 'GET' }, status: 405 },
    'a PUT': { headers: { ':method': 'PUT' }, status: 405 },
    'gRPC-Web': { headers: { 'content-type': 'application/grpc-web+proto' }, status: 415 },
    'JSON messages': { headers: { 'content-type': 'application/grpc+json' }, status: 415 },
    'a form': { headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415 },
  };
  for (const [what, { headers, status }] of Object.entries(notGrpc)) {
    it(`answers ${what} with HTTP status ${status}`, async () => {
      const session = api.http2();
      const stream = session.request(callHeaders(GET_KEYS, headers), { endStream: false });
      stream.end(EMPTY);
      const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect(answer[':status']).toBe(status);
      expect(answer['grpc-status']).not.toBe('0');
      session.destroy();
    });
  }

  it('keeps nothing of a request that is not gRPC, whose client goes on sending', async () => {
    const session = api.http2();
    const streams = ['x', '1m', '3600S'].map((timeout) => {
      const headers = callHeaders(GET_KEYS, { ':method': 'GET', 'grpc-timeout': timeout });
      const stream = session.request(headers, { endStream: false });
      stream.on('error', () => {}).resume();
      stream.write(framed(Buffer.alloc(30_000)));
      return stream;
    });
    await Promise.all(streams.map((stream) => once(stream, 'close')));
    expect(streams.map(({ rstCode }) => rstCode)).toEqual([0, 0, 0]);
    session.destroy();
  });

  it('takes the content types of protocol buffers, with parameters', async () => {
    for (const type of ['application/grpc+proto', 'application/grpc; charset=utf-8']) {
      const headers = { 'content-type': type };
      expect(await api.callOnce(GET_KEYS, EMPTY, { headers })).toBe(0);
    }
  });

  it('lets the kernel queue 4,096 connections, or as many as the host allows', async () => {
    const most = Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8'));
    const { stdout } = await promisify(execFile)('ss', ['-Hltn', `sport = :${api.port}`]);
    expect(Number(stdout.trim().split(/\s+/)[2])).toBe(Math.min(4096, most));
  });

  it('takes 1,000 streams at once on a connection', async () => {
    const session = api.http2();
    const [settings] = (await once(session, 'remoteSettings')) as [Settings];
    expect(settings.maxConcurrentStreams).toBe(1000);
    session.destroy();
  });

  it('knows the health of its services alone', async () => {
    const check = (service: string): Promise<number | undefined> =>
      api.callOnce(CHECK_HEALTH, framed(HealthCheckRequest.encode({ service }).finish()));
    expect(await Promise.all(['', 'latchkey.v1.LinkService'].map(check))).toEqual([0, 0]);
    expect(await Promise.all(['x', 'constructor'].map(check))).toEqual([status.NOT_FOUND, status.NOT_FOUND]);
  });

  it('presents a new certificate to new connections without a restart, and still only over TLS 1.3', async () => {
    await using other = await ServedApi.start();
    const shown = async (): Promise<string> => {
      const socket = connectTls({
        host: 'localhost',
        port: other.port,
        ca: other.pki.caPem,
        ALPNProtocols: ['h2'],
      });
      await once(socket, 'secureConnect');
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return new X509Certificate(raw).subjectAltName ?? '';
    };
    expect(await shown()).not.toContain('elsewhere.example');
    const folder = join(other.folder, 'pki');
    const names = ['elsewhere.example'];
    const pki = await loadPki({ folder, serverId: SERVER_ID, names, addresses: [], nowMs: Date.now() });
    other.replaceCertificate(pki.tls);
    expect(await shown()).toContain('elsewhere.example');
    const old = { host: 'localhost', port: other.port, ca: other.pki.caPem, maxVersion: 'TLSv1.2' } as const;
    await expect(once(connectTls({ ...old, ALPNProtocols: ['h2'] }), 'secureConnect')).rejects.toThrow(
      /protocol version/,
    );
  });
});
