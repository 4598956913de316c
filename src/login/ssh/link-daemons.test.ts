import type { Connection, ServerChannel } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionTo, FakeSshds, takes } from '../../../test/support/ssh/fake-sshd.ts';
import type { UserEntry } from '../../accounts/user-database.ts';
import { accountProof } from '../../link-protocol/account-proof.ts';
import { SshConnection } from './connection/ssh-connection.ts';
import { LinkDaemons, type LinkDaemonsOptions } from './link-daemons.ts';

const UID = 7001;
const alice: UserEntry = {
  name: 'alice',
  uid: UID,
  gid: UID,
  gecos: '',
  home: '/home/alice',
  shell: '/bin/sh',
};

const sshds = new FakeSshds();
afterEach(() => sshds.end());

/** Returns what an account prints for a command line with this nonce. */
type Prints = (nonce: string, command: string) => string;

const honest: Prints = (nonce) => accountProof(nonce, UID);

/** Texts of an account in which another program runs, such as a forced command. */
const others: readonly (readonly [string, Prints])[] = [
  ['nothing', () => ''],
  ['the command line', (_nonce, command) => command],
  ['the proof of another login', () => accountProof('0'.repeat(32), UID)],
  ['the proof of another account', (nonce) => accountProof(nonce, UID + 1)],
  ['half of its proof', (nonce) => honest(nonce, '').slice(1)],
];

/** State after a link daemon has run: the socket that is registered, none, or the one before. */
type Registered = 'new.sock' | 'none' | 'as before';

/** The link daemons of a host as a login finds them, and what it asks for. */
class Host {
  readonly startsDaemons: boolean;
  readonly #hasFresh: boolean;
  readonly #hasOneMeanwhile: boolean;
  /** Base name of the socket of the link daemon that is registered. */
  #socket: string | undefined;
  /** Events in their order. */
  readonly events: string[] = [];

  constructor({ startsDaemons = false, hasFresh = false, hasOneMeanwhile = false, hasOld = false }) {
    if (hasOld) this.#socket = 'old.sock';
    this.startsDaemons = startsDaemons;
    this.#hasFresh = hasFresh;
    this.#hasOneMeanwhile = hasOneMeanwhile;
  }

  get links(): LinkDaemonsOptions['links'] {
    const { startsDaemons } = this;
    return {
      startsDaemons,
      hasFreshDaemon: async () => this.#hasFresh,
      ensureDaemon: async (_user, start) => {
        this.events.push('ensured');
        if (startsDaemons || this.#hasFresh || this.#hasOneMeanwhile) return false;
        await start();
        return true;
      },
      acceptingDaemon: () =>
        this.#socket === undefined ? undefined : ({ info: { socket: this.#socket } } as never),
    };
  }

  /** Runs a command line as an account that prints `prints`; its link daemon leaves `registered`. */
  run(channel: ServerChannel, command: string, prints: Prints, registered: Registered): void {
    const [, nonce = ''] = / --prove (\w+) /.exec(command) ?? [];
    const isDaemon = command.includes(' --daemon ');
    this.events.push(isDaemon ? 'ran as a link daemon' : 'ran');
    if (isDaemon && registered !== 'as before') this.#socket = registered === 'none' ? undefined : registered;
    channel.write(prints(nonce, command));
    channel.exit(0);
    channel.end();
  }
}

/** Ensures a link daemon of alice on `host`, whose account prints `prints`. */
async function ensure(host: Host, prints: Prints, registered: Registered = 'new.sock'): Promise<void> {
  const port = await sshds.start((client: Connection) => {
    takes('secret')(client);
    client.on('session', (accept) => {
      accept().on('exec', (run, _reject, { command }) => host.run(run(), command, prints, registered));
    });
  });
  using connection = await SshConnection.open(connectionTo(port));
  const daemons = new LinkDaemons({ links: host.links, program: '/usr/bin/latchkey', runFolder: '/run/x' });
  await daemons.ensure(alice, connection);
}

const unusable = expect.objectContaining({
  outcome: expect.objectContaining({ kind: 'unusable', account: 'alice' }),
});

describe('an account', () => {
  const ways: readonly (readonly [string, ConstructorParameters<typeof Host>[0], readonly string[]])[] = [
    ['whose link daemon the server starts', { startsDaemons: true }, ['ran', 'ensured']],
    ['that has a link daemon already', { hasFresh: true }, ['ran', 'ensured']],
    ['whose link daemon another login starts meanwhile', { hasOneMeanwhile: true }, ['ensured', 'ran']],
    ['that gets a link daemon now', {}, ['ensured', 'ran as a link daemon']],
    ['that gets a link daemon for an old one', { hasOld: true }, ['ensured', 'ran as a link daemon']],
  ];

  it.each(ways)("%s is let in with this program's proof", async (_way, found, events) => {
    const host = new Host(found);
    await ensure(host, honest);
    expect(host.events).toEqual(events);
  });

  it.each(
    ways.flatMap((way) => others.map(([what, prints]) => [way[0], what, way[1], way[2], prints] as const)),
  )('%s is not let in when it prints %s', async (_way, _what, found, events, prints) => {
    const host = new Host(found);
    await expect(ensure(host, prints)).rejects.toEqual(unusable);
    // No link daemon is asked for before the proof, where another one than this connection's would do.
    expect(host.events).toEqual(events[0] === 'ran' ? ['ran'] : events);
  });

  it.each<[string, ConstructorParameters<typeof Host>[0], Registered]>([
    ['no link daemon of it has registered', {}, 'as before'],
    ['only its old link daemon is registered', { hasOld: true }, 'as before'],
    ['its old link daemon has ended, and no other has registered', { hasOld: true }, 'none'],
  ])('is not let in with the proof alone, when %s', async (_, found, registered) => {
    await expect(ensure(new Host(found), honest, registered)).rejects.toEqual(unusable);
  });
});
