import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { ServerConfig } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionTo, FakeSshds, HOST_KEY_LINE, hostKeyIn } from '../../../test/support/ssh/fake-sshd.ts';
import { mismatchWith } from './algorithm-mismatch.ts';
import { SSH_DEADLINES } from './connection/ssh-connection.ts';

/** Longer than any test runs. */
const PATIENT = { ...SSH_DEADLINES, bannerMs: 60_000, keyExchangeMs: 60_000 };
const RSA = hostKeyIn(`ssh-rsa ${Buffer.from('a key that no sshd has').toString('base64')}`);

const sshds = new FakeSshds();
afterEach(() => sshds.end());

describe('the lists of algorithms of sshd', () => {
  it.each<[string, NonNullable<ServerConfig['algorithms']>, string]>([
    ['KexAlgorithms', { kex: ['diffie-hellman-group1-sha1'] }, 'curve25519-sha256'],
    ['Ciphers', { cipher: ['aes128-cbc'] }, 'aes256-gcm@openssh.com'],
    ['MACs', { cipher: ['aes128-ctr'], hmac: ['hmac-md5'] }, 'hmac-sha2-256'],
  ])('have nothing in common with those of this program in %s', async (keyword, algorithms, ours) => {
    const port = await sshds.start(() => {}, undefined, { algorithms });
    const sshd = Object.values(algorithms).at(-1);
    const latchkey = expect.arrayContaining([ours]);
    expect(await mismatchWith(connectionTo(port))).toEqual({ keyword, sshd, latchkey });
  });

  it('have nothing in common with the pinned host keys', async () => {
    const port = await sshds.start(() => {});
    expect(await mismatchWith(connectionTo(port, { hostKeys: [RSA] }))).toEqual({
      keyword: 'HostKeyAlgorithms',
      sshd: ['ssh-ed25519'],
      latchkey: ['rsa-sha2-512', 'rsa-sha2-256'],
    });
  });

  it('agree, which is known at once, and nobody is logged in', async () => {
    const asked: string[] = [];
    const port = await sshds.start((client) => {
      client.on('authentication', ({ method }) => asked.push(method));
    });
    const hostKeys = [RSA, hostKeyIn(HOST_KEY_LINE)];
    expect(await mismatchWith(connectionTo(port, { hostKeys, deadlines: PATIENT }))).toBeUndefined();
    await sshds.drained();
    expect(asked).toEqual([]);
  });

  it.each([
    ['says nothing', ''],
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['ends after its name', 'SSH-2.0-x\r\n'],
  ])('are unknown of a server that %s', async (_, greeting) => {
    const port = await sshds.listen(createServer((socket) => socket.on('error', () => {}).end(greeting)));
    expect(await mismatchWith(connectionTo(port, { deadlines: PATIENT }))).toBeUndefined();
  });

  it('are unknown of a server that never says anything', async () => {
    const port = await sshds.listen(createServer((socket) => void socket.on('error', () => {})));
    const deadlines = { ...SSH_DEADLINES, bannerMs: 20, keyExchangeMs: 20 };
    expect(await mismatchWith(connectionTo(port, { deadlines }))).toBeUndefined();
  });

  it('are known at once, and the connection is closed, also when the other end keeps it open', async () => {
    const sshd = await sshds.start(() => {}, undefined, { algorithms: { cipher: ['aes128-cbc'] } });
    const accepted = Promise.withResolvers<Socket>();
    const proxy = createServer({ allowHalfOpen: true }, (socket) => {
      const there = connect(sshd, '127.0.0.1').on('error', () => {});
      there.pipe(socket, { end: false }).pipe(there);
      accepted.resolve(socket);
    });
    const port = await sshds.listen(proxy);
    const found = await mismatchWith(connectionTo(port, { deadlines: PATIENT }));
    expect(found).toMatchObject({ keyword: 'Ciphers' });
    const left = await accepted.promise;
    left.write('is anybody there?');
    await once(left, 'error'); // EPIPE or ECONNRESET
  });
});
