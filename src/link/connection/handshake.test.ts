import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { Kind } from '../../generated/latchkey/link/v1/link.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import { signingKey } from '../../token/key.ts';
import { makeProof, resumeMac } from '../../token/proof.ts';

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.open();
});
afterEach(() => daemon[Symbol.asyncDispose]());

/** A link that has registered and waits, and a way to dial it. */
async function waitingLink(words: string[] = []): Promise<{ link: StartedLink; answer: () => void }> {
  const registered = Promise.withResolvers<() => void>();
  daemon.onRegister = async ({ request, answer }) => {
    daemon.socket = request.socket;
    registered.resolve(answer);
  };
  const link = daemon.spawn(words);
  return { link, answer: await registered.promise };
}

async function refused(line: Line, reason: string, message: RegExp): Promise<void> {
  expect(await line.take('error')).toMatchObject({ reason, message: expect.stringMatching(message) });
  await line.closed;
}

describe('the first frames', () => {
  it("are the link's Hello, and Ready once the daemon has authenticated itself", async () => {
    const { link, answer } = await waitingLink();
    const line = daemon.dial();
    const hello = await line.take('hello');
    expect(hello).toMatchObject({ version: 1, pid: link.process.pid, kind: Kind.LINK, jti: '' });
    expect(hello.nonce).toHaveLength(32);
    const value = { token: daemon.token(), proof: daemon.proof(hello.nonce), initKey: daemon.initKey };
    expect(await line.ask({ $case: 'init', value }, 'ready')).toEqual({
      mac: Buffer.alloc(0),
      jti: 'token-1',
    });
    answer();
    expect(await line.ask({ $case: 'ping', value: {} }, 'done')).toEqual({});
  });

  it('are refused without a valid proof, and the link waits for others', async () => {
    const other = signingKey(generateKeyPairSync('ed25519').privateKey);
    const nowSeconds = Math.floor(Date.now() / 1000);
    const facts = { serverId: daemon.serverId, uid: daemon.uid, nowSeconds };
    await waitingLink();
    const wrong: [RegExp, (nonce: Buffer) => { token?: string; proof?: string; initKey?: Buffer }][] = [
      [/kid|key|signature/i, (nonce) => ({ proof: makeProof({ ...facts, nonce }, other) })],
      [/nonce/, () => ({ proof: daemon.proof(randomBytes(32)) })],
      [/uid/, (nonce) => ({ proof: daemon.proof(nonce, 0, daemon.uid + 1) })],
      [/expired/, (nonce) => ({ proof: daemon.proof(nonce, 31) })],
      [/expired/, () => ({ token: daemon.token({ iat: nowSeconds - 100, exp: nowSeconds - 10 }) })],
      [/iss/, () => ({ token: daemon.token({ iss: 'another-server' }) })],
      [/socket/, () => ({ token: daemon.token({ socket: '0.00.sock' }) })],
      [/kind/, () => ({ token: daemon.token({ daemon: true }) })],
      [/user/, () => ({ token: daemon.token({ user: 'somebody-else' }) })],
      [/32 bytes/, () => ({ initKey: Buffer.alloc(31) })],
      [/./, (nonce) => ({ token: daemon.proof(nonce) })],
      [/./, () => ({ proof: daemon.token() })],
      [/./, () => ({ token: '' })],
    ];
    for (const [message, change] of wrong) {
      const line = daemon.dial();
      const { nonce } = await line.take('hello');
      const value = {
        token: daemon.token(),
        proof: daemon.proof(nonce),
        initKey: daemon.initKey,
        ...change(nonce),
      };
      line.send({ $case: 'init', value }, 1);
      expect(await line.take('error')).toMatchObject({
        reason: expect.stringMatching(/TOKEN_INVALID|TOKEN_EXPIRED/),
        message: expect.stringMatching(message),
      });
      await line.closed;
    }
    await daemon.init(daemon.dial());
  });

  it('are not accepted again on another connection', async () => {
    await waitingLink();
    const first = daemon.dial();
    const second = daemon.dial();
    const one = await first.take('hello');
    const two = await second.take('hello');
    expect(one.nonce.equals(two.nonce)).toBe(false);
    const value = { token: daemon.token(), proof: daemon.proof(two.nonce), initKey: daemon.initKey };
    first.send({ $case: 'init', value });
    await refused(first, 'TOKEN_INVALID', /nonce/);
    await second.ask({ $case: 'init', value }, 'ready');
  });

  it("are refused when the daemon's key cannot be read", async () => {
    await waitingLink();
    rmSync(join(daemon.run, 'server.json'));
    await expect(daemon.init(daemon.dial())).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    daemon.writeServerFile();
    await daemon.init(daemon.dial());
  });

  it.each([
    ['a command', encodeFrame({ request: 7, body: { $case: 'list', value: {} } }), 'INVALID_ARGUMENT'],
    ['an unknown frame', Buffer.from([0, 0, 0, 3, 0xfa, 0x3e, 0]), 'INVALID_ARGUMENT'],
    ['what is no frame', Buffer.from([0, 0, 0, 4, 255, 255, 255, 255]), 'INVALID_ARGUMENT'],
    ['a frame of 4 GiB', Buffer.from([255, 255, 255, 255]), 'LIMIT_EXCEEDED'],
  ])('are not %s', async (_name, bytes, reason) => {
    await waitingLink();
    const line = daemon.dial();
    await line.take('hello');
    line.socket.write(bytes);
    expect(await line.take('error')).toMatchObject({ reason });
    await line.closed;
  });

  it('are answered before a third is accepted', async () => {
    await waitingLink();
    const line = daemon.dial();
    const { nonce } = await line.take('hello');
    const value = { token: daemon.token(), proof: daemon.proof(nonce), initKey: daemon.initKey };
    const init = encodeFrame({ request: 1, body: { $case: 'init', value } });
    line.socket.write(Buffer.concat([init, encodeFrame({ request: 2, body: { $case: 'list', value: {} } })]));
    expect(await line.take('error')).toMatchObject({ reason: 'INVALID_ARGUMENT' });
    await line.closed;
  });
});

describe('a connection after the first', () => {
  it('replaces the first only after it has proven the init key', async () => {
    const { line } = await daemon.link();
    await expect(daemon.resume(randomBytes(32))).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    await line.ask({ $case: 'ping', value: {} }, 'done');
    const second = await daemon.resume();
    await line.closed;
    await second.ask({ $case: 'ping', value: {} }, 'done');
  });

  it('is refused before the link is initialised', async () => {
    await waitingLink();
    await expect(daemon.resume()).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    await daemon.init(daemon.dial());
    await daemon.resume();
  });

  it.each([
    ['a MAC that is empty', (mac: Buffer) => ({ mac: mac.subarray(0, 0) }), /init key/],
    ['a MAC that is cut short', (mac: Buffer) => ({ mac: mac.subarray(0, 31) }), /init key/],
    ['a nonce that is too short', () => ({ nonce: Buffer.alloc(31) }), /nonce does not have 32 bytes/],
  ])('is refused with %s', async (_name, change, message) => {
    const { line } = await daemon.link();
    const second = daemon.dial();
    const { nonce: linkNonce, jti, version } = await second.take('hello');
    const nonce = randomBytes(32);
    const transcript = { version, linkNonce, daemonNonce: nonce, jti, uid: daemon.uid };
    const mac = resumeMac('daemon', daemon.initKey, transcript);
    const resumed = second.ask({ $case: 'resume', value: { nonce, mac, ...change(mac) } }, 'ready');
    await expect(resumed).rejects.toMatchObject({
      reason: 'TOKEN_INVALID',
      message: expect.stringMatching(message),
    });
    await line.ask({ $case: 'ping', value: {} }, 'done');
  });

  it('cannot initialise the link again', async () => {
    await daemon.link();
    await expect(daemon.init(daemon.dial())).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    await daemon.resume();
  });

  it('finds the sessions, and what they printed and how they ended meanwhile', async () => {
    const { line } = await daemon.link();
    const lasting = await line.start(['sh', '-c', 'echo begin; read go; echo end'], { input: true });
    const ending = await line.start(['sh', '-c', 'sleep 0.2; echo done; exit 9']);
    line.socket.destroy();
    const second = await daemon.resume();
    await eventually(
      async () => (await second.ask({ $case: 'list', value: {} }, 'sessions')).sessions,
    ).toEqual(
      expect.arrayContaining([
        { sessionId: lasting.id, pid: lasting.pid, exited: undefined, elsewhere: false, printed: 6 },
        {
          sessionId: ending.id,
          pid: ending.pid,
          exited: { sessionId: ending.id, status: 9 },
          elsewhere: false,
          printed: 5,
        },
      ]),
    );
    expect(await second.read(ending.id)).toMatchObject({ stdout: 'done\n', status: 9 });
    await second.ask(
      { $case: 'stdin', value: { sessionId: lasting.id, data: Buffer.from('go\n') } },
      'credit',
    );
    expect(await second.read(lasting.id)).toMatchObject({ stdout: 'begin\nend\n', status: 0 });
  });
});

describe('a token', () => {
  it('is renewed by one with the same id that expires later, with a proof for this connection', async () => {
    const { line } = await daemon.link();
    line.socket.destroy();
    const second = daemon.dial();
    const { nonce: linkNonce } = await second.take('hello');
    second.socket.destroy();
    const third = await daemon.resume();
    const exp = Math.floor(Date.now() / 1000) + 7200;
    const renew = (token: string, proof: string) =>
      third.ask({ $case: 'renew', value: { token, proof } }, 'done');
    const nonce = third.nonce;
    await expect(renew(daemon.token({ exp }), daemon.proof(linkNonce))).rejects.toThrow(/nonce/);
    await expect(renew(daemon.token({ exp, jti: 'other' }), daemon.proof(nonce))).rejects.toThrow(
      /belongs to another link/,
    );
    await expect(renew(daemon.token({ exp, sub: 'other' }), daemon.proof(nonce))).rejects.toThrow(
      /belongs to another link/,
    );
    await expect(renew(daemon.token({ exp: exp - 7000 }), daemon.proof(nonce))).rejects.toThrow(
      /before the current one/,
    );
    await renew(daemon.token({ exp }), daemon.proof(nonce));
  });

  it('ends the link when it expires, and its programs continue (F32)', async () => {
    let exp = 0;
    const register = daemon.onRegister;
    daemon.onRegister = (registration) => {
      exp = Math.ceil(Date.now() / 1000) + 3; // from here on, however long the link took to start
      daemon.claims = { exp };
      return register(registration);
    };
    const { link, line } = await daemon.link();
    const { pid } = await line.start(['sleep', '60']);
    expect(await line.take('stopped')).toEqual({ ended: [] });
    expect(await link.exit).toBe(0);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});
