import { createServer, type Socket } from 'node:net';
import ssh2, { type Algorithms } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionTo, FakeSshds, hostKeyIn, takes } from '../../../../test/support/ssh/fake-sshd.ts';
import { newHostKey } from '../../../../test/support/ssh/host-key.ts';
import type { Person } from '../person.ts';
import { SSH_DEADLINES, SshConnection, type SshDeadlines } from './ssh-connection.ts';

const { utils } = ssh2;
const OTHER = newHostKey();

const sshds = new FakeSshds();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  sshds.end();
});

const unavailable = (message: RegExp) =>
  expect.objectContaining({ reason: 'UNAVAILABLE', message: expect.stringMatching(message) });
const isRefused = expect.objectContaining({ outcome: expect.objectContaining({ kind: 'refused' }) });

describe('a connection to sshd', () => {
  it('authenticates with the password, from the given local address', async () => {
    const addresses: string[] = [];
    const port = await sshds.start((client, { ip }) => {
      addresses.push(ip);
      takes('secret')(client);
      client.on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, { command }) => {
          const channel = acceptExec();
          channel.write(`ran ${command}`);
          channel.stderr.write('and complained');
          channel.exit(3);
          channel.end();
        });
      });
    });
    using connection = await SshConnection.open(connectionTo(port));
    expect(await connection.execute('it', { wanted: 'proof', lingerMs: 50 })).toEqual({
      isShown: false,
      status: 3,
      stdout: 'ran it',
      stderr: 'and complained',
    });
    expect(addresses).toEqual(['127.77.1.2']);
  });

  it('sends nothing to a host with another key (THREATS: pinned before the password)', async () => {
    const seen: string[] = [];
    const port = await sshds.start(takes('secret', seen), OTHER);
    await expect(SshConnection.open(connectionTo(port))).rejects.toEqual(unavailable(/not pinned/));
    await sshds.drained();
    expect(seen).toEqual([]);
  });

  it('sends nothing to a host with another kind of key', async () => {
    const seen: string[] = [];
    const port = await sshds.start(takes('secret', seen), utils.generateKeyPairSync('ecdsa', { bits: 256 }));
    await expect(SshConnection.open(connectionTo(port))).rejects.toEqual(unavailable(/sshd/));
    await sshds.drained();
    expect(seen).toEqual([]);
  });

  it('believes an RSA key that signs with SHA-2, and never one that signs with SHA-1', async () => {
    const rsa = utils.generateKeyPairSync('rsa', { bits: 2048 });
    const seen: string[] = [];
    const signingWith = (...serverHostKey: string[]) => {
      const algorithms = { serverHostKey } as Algorithms;
      return sshds.start(takes('secret', seen), rsa, { algorithms });
    };
    const hostKeys = [hostKeyIn(rsa.public)];
    const sha1 = connectionTo(await signingWith('ssh-rsa'), { hostKeys });
    await expect(SshConnection.open(sha1)).rejects.toEqual(unavailable(/cannot use sshd/));
    await sshds.drained();
    expect(seen).toEqual([]);
    const sha2 = connectionTo(await signingWith('rsa-sha2-512'), { hostKeys });
    using _ = await SshConnection.open(sha2);
    expect(seen).toEqual(['none', 'alice:secret']);
  });

  it('verifies only the host key, and sends no user name, when nothing else is requested', async () => {
    const seen: string[] = [];
    await SshConnection.verifyHostKey(connectionTo(await sshds.start(takes('secret', seen))));
    const other = connectionTo(await sshds.start(takes('secret', seen), OTHER));
    await expect(SshConnection.verifyHostKey(other)).rejects.toEqual(unavailable(/not pinned/));
    await sshds.drained();
    expect(seen).toEqual([]);
  });

  it('is refused for a wrong password, after one attempt', async () => {
    const seen: string[] = [];
    const port = await sshds.start(takes('another', seen));
    await expect(SshConnection.open(connectionTo(port))).rejects.toEqual(isRefused);
    expect(seen).toEqual(['none', 'alice:secret']);
  });

  it('is refused when sshd accepts everybody without a prompt', async () => {
    const port = await sshds.start((client) => client.on('authentication', (context) => context.accept()));
    await expect(SshConnection.open(connectionTo(port))).rejects.toEqual(isRefused);
  });

  it('answers the password prompt itself and passes on all others (F13)', async () => {
    const asked: unknown[] = [];
    const got: string[][] = [];
    const port = await sshds.start((client) => {
      client.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        context.prompt([{ prompt: 'Password: ', echo: false }], (first) => {
          got.push(first);
          context.prompt([{ prompt: 'Code: ', echo: true }], 'Second factor', 'Look it up', (second) => {
            got.push(second);
            context.accept();
          });
        });
      });
    });
    const ask: Person['ask'] = async (promptSet) => {
      asked.push(promptSet);
      return ['123456'];
    };
    using _ = await SshConnection.open(connectionTo(port, { person: { ask, tell: () => {} } }));
    expect(got).toEqual([['secret'], ['123456']]);
    expect(asked).toEqual([
      { name: 'Second factor', instruction: 'Look it up', prompts: [{ text: 'Code: ', echo: true }] },
    ]);
  });
});

describe('a connection to an sshd that hangs times out', () => {
  const timesOut = (work: Promise<unknown>, step: RegExp): Promise<void> =>
    expect(work).rejects.toEqual(unavailable(step));
  /** Options for the sshd at `port` in which one step has little time, all others their usual. */
  const hurried = (port: number, step: keyof SshDeadlines) =>
    connectionTo(port, { deadlines: { ...SSH_DEADLINES, [step]: 100 } });

  it('waiting for the banner', async () => {
    const port = await sshds.listen(createServer((socket) => sockets.push(socket)));
    await timesOut(SshConnection.open(hurried(port, 'bannerMs')), /in time \(banner\)/);
  });

  it('during the key exchange', async () => {
    const hanging = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {}).write('SSH-2.0-Hanging\r\n');
    });
    const port = await sshds.listen(hanging);
    await timesOut(SshConnection.open(hurried(port, 'keyExchangeMs')), /in time \(key exchange\)/);
  });

  it('during authentication', async () => {
    const port = await sshds.start((client) => client.on('authentication', () => {}));
    await timesOut(SshConnection.open(hurried(port, 'authMs')), /in time \(authenticating\)/);
  });

  it('running the command', async () => {
    const port = await sshds.start((client) => {
      takes('secret')(client);
      client.on('session', (accept) => accept().on('exec', (run) => void run()));
    });
    using connection = await SshConnection.open(hurried(port, 'execMs'));
    await timesOut(
      connection.execute('it', { wanted: 'proof', lingerMs: 50 }),
      /in time \(running a command\)/,
    );
  });

  it('and fails at once when no sshd is running', async () => {
    const server = createServer();
    const port = await sshds.listen(server);
    server.close();
    await expect(SshConnection.open(connectionTo(port))).rejects.toMatchObject({
      outcome: { kind: 'failed', error: unavailable(/sshd/) },
    });
  });

  it('and is closed when the login is aborted', async () => {
    const port = await sshds.listen(createServer((socket) => sockets.push(socket)));
    const control = new AbortController();
    const opened = SshConnection.open(connectionTo(port, { signal: control.signal }));
    const gone = new Error('gone');
    control.abort(gone);
    await expect(opened).rejects.toBe(gone);
  });
});
