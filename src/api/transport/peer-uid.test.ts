import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { peerOf } from './peer.ts';
import { addressBytes, findUid, uidOfPeer } from './peer-uid.ts';

const OTHER_UID = 61_234;
const ownUid = process.getuid?.() ?? -1;

let server: Server;
afterEach(() => server?.close());

/** Connects a process of `uid` to a server at `host`. The process exits when its input ends. */
async function connectionFrom(
  host: string,
  target: string,
  uid: number,
): Promise<{ socket: Socket; end: () => void }> {
  server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = `require('net').connect(${port}, '${target}').on('error', () => {}); process.stdin.resume().on('end', () => process.exit())`;
  const child = spawn(process.execPath, ['-e', script], {
    uid,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    cwd: '/',
  });
  const [socket] = (await once(server, 'connection')) as [Socket];
  return {
    socket,
    end: () => {
      socket.destroy();
      child.stdin.end();
    },
  };
}

const endsOf = (socket: Socket) =>
  [
    { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
    { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
  ] as const;

describe('the uid of a peer', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
    ['::', '::ffff:127.0.0.1'],
  ])('is found for a server at %s and a client of %s', async (host, target) => {
    const { socket, end } = await connectionFrom(host, target, ownUid);
    expect(await uidOfPeer(...endsOf(socket))).toBe(ownUid);
    const peer = peerOf(...endsOf(socket));
    expect(peer.isLocal).toBe(true);
    expect(await peer.uid()).toBe(ownUid);
    end();
  });

  it('is the uid of another process', needs('root'), async () => {
    const { socket, end } = await connectionFrom('127.0.0.1', '127.0.0.1', OTHER_UID);
    expect(await uidOfPeer(...endsOf(socket))).toBe(OTHER_UID);
    end();
  });

  it('is unknown when there is no such connection', async () => {
    expect(
      await uidOfPeer({ address: '127.0.0.1', port: 1 }, { address: '127.0.0.1', port: 2 }),
    ).toBeUndefined();
  });

  it('ignores a closed socket, which the kernel shows with uid 0', () => {
    const row = (state: string, inode: string): string =>
      `   0: 0100007F:1F90 0100007F:C350 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 ff 20 4 30 10 -1\n`;
    expect(findUid(row('01', '4711'), '0100007F:1F90', '0100007F:C350')).toBe(0);
    expect(findUid(row('01', '0'), '0100007F:1F90', '0100007F:C350')).toBeUndefined();
    expect(findUid(row('05', '0'), '0100007F:1F90', '0100007F:C350')).toBeUndefined();
    expect(findUid(row('01', '4711'), '0100007F:C350', '0100007F:1F90')).toBeUndefined();
  });

  it('is not looked up for callers on other hosts', async () => {
    const peer = peerOf({ address: '192.0.2.7', port: 9 }, { address: '192.0.2.8', port: 7300 });
    expect(peer.isLocal).toBe(false);
    expect(await peer.uid()).toBeUndefined();
  });

  it.each([
    ['1.2.3.4', '00000000000000000000ffff01020304'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::7:8', '20010db8000000000000000000070008'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['::ffff:1.2.3.4', '00000000000000000000ffff01020304'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('reads %s', (address, hex) => {
    expect(addressBytes(address).toString('hex')).toBe(hex);
  });
});
