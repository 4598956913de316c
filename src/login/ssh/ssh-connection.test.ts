import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerChannel, type ServerConfig, type Prompt as SshPrompt } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { newHostKey } from '../../../test/support/ssh/host-key.ts';
import type { HostKey } from './host-keys.ts';
import type { Person } from './person.ts';
import { SshConnection, type SshOptions } from './ssh-connection.ts';

const { Server, utils } = ssh2;
const HOST = newHostKey();
const OTHER = newHostKey();

const servers: { close(): unknown }[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

function pinned({ public: text }: { public: string }): HostKey[] {
  const [type = '', blob = ''] = text.split(' ');
  return [{ type, blob: Buffer.from(blob, 'base64') }];
}

async function listening(server: NetServer): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** An sshd with `key` that does what `onConnection` says. */
async function sshd(
  onConnection: (client: Connection) => void,
  key = HOST,
  more: Partial<ServerConfig> = {},
) {
  const server = new Server({ hostKeys: [key.private], ...more }, (client) => {
    client.on('error', () => {});
    onConnection(client);
  });
  return listening(server as unknown as NetServer);
}

function options(port: number, more: Partial<SshOptions> = {}): SshOptions {
  return {
    host: '127.0.0.1',
    port,
    localAddress: '127.77.1.2',
    hostKeys: pinned(HOST),
    username: 'alice',
    password: 'secret',
    person: { ask: async () => [], tell: () => {} },
    signal: new AbortController().signal,
    deadlines: {
      connectMs: 300,
      bannerMs: 300,
      keyExchangeMs: 300,
      authMs: 300,
      verdictMs: 300,
      execMs: 300,
    },
    ...more,
  };
}

const unavailable = (message: RegExp) =>
  expect.objectContaining({ reason: 'UNAVAILABLE', message: expect.stringMatching(message) });
const isRefused = expect.objectContaining({ outcome: expect.objectContaining({ kind: 'refused' }) });

/** Makes an sshd accept `password` by the password method; it then runs nothing. */
function takes(password: string, seen: string[] = []) {
  return (client: Connection): void => {
    client.on('authentication', (context) => {
      seen.push(context.method === 'password' ? `${context.username}:${context.password}` : context.method);
      if (context.method === 'password' && context.password === password) context.accept();
      else context.reject(['password']);
    });
  };
}

describe('a connection to sshd', () => {
  it('authenticates with the password, from the given local address', async () => {
    const addresses: (string | undefined)[] = [];
    const port = await sshd((client) => {
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
    (servers[0] as unknown as NetServer).on('connection', (client: Socket) =>
      addresses.push(client.remoteAddress),
    );
    using connection = await SshConnection.open(options(port));
    expect(await connection.execute('it', { wanted: 'proof', isEnough: true })).toEqual({
      isShown: false,
      status: 3,
      stdout: 'ran it',
      stderr: 'and complained',
    });
  });

  it('sends nothing to a host with another key (THREATS: pinned before the password)', async () => {
    const seen: string[] = [];
    const port = await sshd(takes('secret', seen), OTHER);
    await expect(SshConnection.open(options(port))).rejects.toEqual(unavailable(/not pinned/));
    expect(seen).toEqual([]);
  });

  it('sends nothing to a host with another kind of key', async () => {
    const seen: string[] = [];
    const port = await sshd(takes('secret', seen), utils.generateKeyPairSync('ecdsa', { bits: 256 }));
    await expect(SshConnection.open(options(port))).rejects.toEqual(unavailable(/sshd/));
    expect(seen).toEqual([]);
  });

  it('verifies only the host key, and sends no user name, when nothing else is requested', async () => {
    const seen: string[] = [];
    await SshConnection.verifyHostKey(options(await sshd(takes('secret', seen))));
    const other = options(await sshd(takes('secret', seen), OTHER));
    await expect(SshConnection.verifyHostKey(other)).rejects.toEqual(unavailable(/not pinned/));
    expect(seen).toEqual([]);
  });

  it('is refused for a wrong password, after one attempt', async () => {
    const seen: string[] = [];
    const port = await sshd(takes('another', seen));
    await expect(SshConnection.open(options(port))).rejects.toEqual(isRefused);
    expect(seen).toEqual(['none', 'alice:secret']);
  });

  it('is refused when sshd accepts everybody without a prompt', async () => {
    const port = await sshd((client) => client.on('authentication', (context) => context.accept()));
    await expect(SshConnection.open(options(port))).rejects.toEqual(isRefused);
  });

  it('answers the password prompt itself and passes on all others (F13)', async () => {
    const asked: unknown[] = [];
    const got: string[][] = [];
    const port = await sshd((client) => {
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
    using _ = await SshConnection.open(options(port, { person: { ask, tell: () => {} } }));
    expect(got).toEqual([['secret'], ['123456']]);
    expect(asked).toEqual([
      { name: 'Second factor', instruction: 'Look it up', prompts: [{ text: 'Code: ', echo: true }] },
    ]);
  });
});

/** Makes an sshd ask `requests` by keyboard-interactive, one after the other; it accepts any answers. */
function asks(requests: readonly (readonly SshPrompt[])[], got: string[][]) {
  return (client: Connection): void => {
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      const [first = [], ...others] = requests;
      const next = (prompts: readonly SshPrompt[], left: readonly (readonly SshPrompt[])[]): void =>
        context.prompt([...prompts], 'sshd', 'instruction', (answers) => {
          got.push(answers);
          const [following, ...rest] = left;
          if (following === undefined) context.accept();
          else next(following, rest);
        });
      next(first, others);
    });
  };
}

/** A person who answers every prompt by its number, and remembers what was said and asked. */
function talkative() {
  const heard: unknown[] = [];
  const person: Person = {
    tell: (text) => void heard.push(text),
    ask: async ({ prompts }) => {
      heard.push(prompts.map(({ text }) => text));
      return prompts.map((_prompt, at) => `answer ${at}`);
    },
  };
  return { heard, person };
}

describe('prompts of sshd', () => {
  const hidden = (prompt: string): SshPrompt => ({ prompt, echo: false });
  const shown = (prompt: string): SshPrompt => ({ prompt, echo: true });

  const rows: [string, SshPrompt[][], string[][], unknown[]][] = [
    ['hidden and alone, in any language', [[hidden('Пароль: ')]], [['secret']], []],
    ['without a text', [[hidden('')]], [['secret']], []],
    [
      'visible, before it',
      [[shown('Realm: ')], [hidden('PIN: ')]],
      [['answer 0'], ['secret']],
      [['Realm: ']],
    ],
    ['without any, before it', [[], [hidden('PIN: ')]], [[], ['secret']], []],
    [
      'several in one request',
      [[hidden('Password: '), hidden('Code: ')]],
      [['answer 0', 'answer 1']],
      ['The host wants several answers at once, the password with them:', ['Password: ', 'Code: ']],
    ],
    [
      'the same again',
      [[hidden('Password: ')], [hidden('Wrong.\nPassword: ')]],
      [['secret'], ['answer 0']],
      ['The host asks this again:', ['Wrong.\nPassword: ']],
    ],
    [
      'control characters',
      [[hidden('\x1b[2JHi\nPassword: ')], [shown('\x07Code\x1b]0;x: ')]],
      [['secret'], ['answer 0']],
      ['sshd\ninstruction\n\\x1b[2JHi', ['\\x07Code\\x1b]0;x: ']],
    ],
  ];

  it.each(rows)('%s', async (_kind, requests, answers, told) => {
    const got: string[][] = [];
    const { heard, person } = talkative();
    using _ = await SshConnection.open(options(await sshd(asks(requests, got)), { person }));
    expect(got).toEqual(answers);
    expect(heard.filter((text) => text !== 'sshd\ninstruction')).toEqual(told);
  });

  it('that go on for ever end', async () => {
    const endless = Array.from({ length: 30 }, () => [shown('Again? ')]);
    const port = await sshd(asks(endless, []));
    const { person } = talkative();
    await expect(SshConnection.open(options(port, { person }))).rejects.toEqual(
      unavailable(/too many questions/),
    );
  });

  it('for a new password end with what to do, where sshd asks by the method password', async () => {
    const port = await sshd((client) => {
      client.on('authentication', (context) => {
        if (context.method === 'password') context.requestChange('New password: ', () => {});
        else context.reject(['password']);
      });
    });
    await expect(SshConnection.open(options(port))).rejects.toMatchObject({ outcome: { kind: 'expired' } });
  });

  it('that wait for longer than sshd does are not a refusal', async () => {
    const port = await sshd((client) => {
      client.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        context.prompt([shown('Code: ')], () => {});
        setTimeout(() => client.end(), 50);
      });
    });
    const person = { ask: () => new Promise<never>(() => {}), tell: () => {} };
    await expect(SshConnection.open(options(port, { person }))).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    });
  });
});

describe('a command over the connection', () => {
  const proof = 'f00d'.repeat(16);
  /** Makes an sshd accept the password and run `run` for each command. */
  const running = (run: (channel: ServerChannel) => void) => (client: Connection) => {
    takes('secret')(client);
    client.on('session', (accept) => accept().on('exec', (acceptExec) => run(acceptExec())));
  };
  const executed = async (run: (channel: ServerChannel) => void) => {
    using connection = await SshConnection.open(options(await sshd(running(run))));
    return await connection.execute('it', { wanted: proof, isEnough: true });
  };

  it.each(Array.from({ length: 8 }, (_, at) => at * 9))(
    'shows its proof even when it comes in two parts, split at %i',
    async (at) => {
      const { isShown } = await executed((channel) => {
        channel.write(`\x1b[0mWelcome${proof.slice(0, at)}`);
        setTimeout(() => channel.write(`${proof.slice(at)}and more`), 20);
      });
      expect(isShown).toBe(true);
    },
  );

  it('shows none in what it prints on standard error, nor in parts of one', async () => {
    const said = await executed((channel) => {
      channel.stderr.write(proof);
      channel.write(`${proof.slice(1)} ${proof.slice(0, -1)}`);
      channel.exit(0);
      channel.end();
    });
    expect(said).toMatchObject({ isShown: false, status: 0 });
  });

  it('that sshd does not run says so', async () => {
    const port = await sshd((client) => {
      takes('secret')(client);
      client.on('session', (_accept, reject) => reject());
    });
    using connection = await SshConnection.open(options(port));
    expect(await connection.execute('it', { wanted: proof, isEnough: true })).toMatchObject({
      isShown: false,
      status: undefined,
      stderr: expect.stringMatching(/open fail/i),
    });
  });

  it('that ends with the connection is an account that cannot be used', async () => {
    const port = await sshd((client) => {
      takes('secret')(client);
      client.on('session', () => client.end());
    });
    using connection = await SshConnection.open(options(port));
    await expect(connection.execute('it', { wanted: proof, isEnough: true })).rejects.toMatchObject({
      outcome: { kind: 'unusable', account: 'alice', status: undefined },
    });
  });
});

describe('a connection to an sshd that hangs times out', () => {
  const within = async (work: Promise<unknown>, step: RegExp): Promise<void> => {
    const beganMs = performance.now();
    await expect(work).rejects.toEqual(unavailable(step));
    expect(performance.now() - beganMs).toBeLessThan(3_000);
  };

  it('waiting for the banner', async () => {
    const port = await listening(createServer((socket) => sockets.push(socket)));
    await within(SshConnection.open(options(port)), /in time \(banner\)/);
  });

  it('during the key exchange', async () => {
    const hanging = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {}).write('SSH-2.0-Hanging\r\n');
    });
    const port = await listening(hanging);
    await within(SshConnection.open(options(port)), /in time \(key exchange\)/);
  });

  it('during authentication', async () => {
    const port = await sshd((client) => client.on('authentication', () => {}));
    await within(SshConnection.open(options(port)), /in time \(authenticating\)/);
  });

  it('running the command', async () => {
    const port = await sshd((client) => {
      takes('secret')(client);
      client.on('session', (accept) => accept().on('exec', (run) => void run()));
    });
    using connection = await SshConnection.open(options(port));
    await within(
      connection.execute('it', { wanted: 'proof', isEnough: true }),
      /in time \(running a command\)/,
    );
  });

  it('and fails at once when no sshd is running', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await expect(SshConnection.open(options(port))).rejects.toMatchObject({
      outcome: { kind: 'failed', error: unavailable(/sshd/) },
    });
  });

  it('and is closed when the login is aborted', async () => {
    const port = await listening(createServer((socket) => sockets.push(socket)));
    const control = new AbortController();
    const opened = SshConnection.open(options(port, { signal: control.signal }));
    const gone = new Error('gone');
    control.abort(gone);
    await expect(opened).rejects.toBe(gone);
  });
});
