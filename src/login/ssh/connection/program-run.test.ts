import type { Connection, ServerChannel } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionTo, FakeSshds, takes } from '../../../../test/support/ssh/fake-sshd.ts';
import { SshConnection } from './ssh-connection.ts';

const sshds = new FakeSshds();
afterEach(() => sshds.end());

describe('a command over the connection', () => {
  const proof = 'f00d'.repeat(16);
  /** Makes an sshd accept the password and run `run` for each command. */
  const running = (run: (channel: ServerChannel) => void) => (client: Connection) => {
    takes('secret')(client);
    client.on('session', (accept) => accept().on('exec', (acceptExec) => run(acceptExec())));
  };
  const executed = async (run: (channel: ServerChannel) => void) => {
    using connection = await SshConnection.open(connectionTo(await sshds.start(running(run))));
    return await connection.execute('it', { wanted: proof, lingerMs: 50 });
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

  it('may end in order after its proof, or not at all', async () => {
    const ended = await executed((channel) => {
      channel.write(proof);
      channel.exit(7);
      channel.end();
    });
    expect(ended).toMatchObject({ isShown: true, status: 7 });
    const endless = await executed((channel) => void channel.write(proof));
    expect(endless).toMatchObject({ isShown: true, status: undefined });
  });

  it('shows none in what it prints on standard error, nor in parts of one', async () => {
    const said = await executed((channel) => {
      channel.stderr.write(proof);
      channel.write(`${proof.slice(1)} ${proof.slice(0, -1)}`);
      channel.exit(0);
      channel.end();
    });
    expect(said).toMatchObject({ isShown: false, status: 0 });
  });

  it('has its text whole, also where a character comes in two parts', async () => {
    const text = Buffer.from('geschlossen für heute\n');
    const at = text.indexOf(0xc3) + 1;
    const said = await executed((channel) => {
      for (const output of [channel, channel.stderr]) output.write(text.subarray(0, at));
      setTimeout(() => {
        for (const output of [channel, channel.stderr]) output.write(text.subarray(at));
        channel.exit(1);
        channel.end();
      }, 20);
    });
    expect(said).toMatchObject({ stdout: text.toString(), stderr: text.toString() });
  });

  it.each<[string, string, object]>([
    ['16 MiB in all is read', '', { status: 3, stderr: '' }],
    ['more than 16 MiB in all is ended', '!', { status: undefined, stderr: 'it printed more than 16 MiB' }],
  ])('that prints on both outputs %s', async (_, error, expected) => {
    const said = await executed((channel) => {
      channel.stderr.write(error);
      channel.write(Buffer.alloc(16 * 1024 * 1024), () => {
        channel.exit(3);
        channel.end();
      });
    });
    expect(said).toMatchObject(expected);
  });

  it('that sshd does not run says so', async () => {
    const port = await sshds.start((client) => {
      takes('secret')(client);
      client.on('session', (_accept, reject) => reject());
    });
    using connection = await SshConnection.open(connectionTo(port));
    expect(await connection.execute('it', { wanted: proof, lingerMs: 50 })).toMatchObject({
      isShown: false,
      status: undefined,
      stderr: expect.stringMatching(/open fail/i),
    });
  });

  it('that ends with the connection is an account that cannot be used', async () => {
    const port = await sshds.start((client) => {
      takes('secret')(client);
      client.on('session', () => client.end());
    });
    using connection = await SshConnection.open(connectionTo(port));
    await expect(connection.execute('it', { wanted: proof, lingerMs: 50 })).rejects.toMatchObject({
      outcome: { kind: 'unusable', account: 'alice', status: undefined },
    });
  });
});
