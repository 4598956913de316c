/**
 * Holds many slow connections to a server, as another account of this host or from another address:
 * slow-process.ts PORT CA. Root changes its effective uid before it creates a connection.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { SlowCounts, SlowRequest, SlowWanted } from './slow-clients.ts';

const AT_ONCE = 64;
const LOOK_MS = 10;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** SETTINGS, and the header of a HEADERS frame of 64 bytes without END_HEADERS (RFC 9113, 6.2). */
const BEGUN = Buffer.from('000000040000000000000040010000000001', 'hex');
const BYTE_MS = 1_000;

const [port = '', ca = ''] = process.argv.slice(2);
const held = new Set<Socket>();
let closed = 0;
let release = new AbortController();

/** Returns the first half of a ClientHello. */
async function halfHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  server.close();
  return hello.subarray(0, hello.length >> 1);
}

const HELLO = await halfHello();

/** Opens one connection, and resolves when it has come as far as its stage, or has been closed. */
async function open({ stage, between }: SlowWanted): Promise<void> {
  const where = { port: Number(port), host: '127.0.0.1', ...between };
  const isPlain = stage === 'silent' || stage === 'half a hello';
  const socket = isPlain
    ? connect(where)
    : connectTls({ ...where, servername: 'localhost', ca, ALPNProtocols: ['h2'] });
  const ended = new AbortController();
  socket.on('error', () => {}).resume();
  socket.once('close', () => {
    ended.abort();
    if (held.delete(socket)) closed += 1;
  });
  held.add(socket);
  const { signal } = ended;
  await once(socket, isPlain ? 'connect' : 'secureConnect', { signal }).catch(() => {});
  if (socket.destroyed) return;
  if (stage === 'half a hello') socket.write(HELLO);
  if (stage === 'half a preface') socket.write(PREFACE.slice(0, PREFACE.length >> 1));
  if (stage !== 'slow headers') return;
  socket.write(Buffer.concat([Buffer.from(PREFACE), BEGUN]));
  const timer = setInterval(() => socket.write(Buffer.alloc(1)), BYTE_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** Opens the connections, 64 at a time, and in the background those that replace closed ones. */
async function hold(wanted: SlowWanted): Promise<SlowCounts> {
  process.seteuid?.(0);
  process.seteuid?.(wanted.uid);
  release = new AbortController();
  await openSome(wanted, wanted.count);
  if (wanted.reopens) void reopen(wanted, release.signal);
  return { held: held.size, closed };
}

async function openSome(wanted: SlowWanted, count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      await open(wanted);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function reopen(wanted: SlowWanted, released: AbortSignal): Promise<void> {
  while (!released.aborted) {
    await openSome(wanted, wanted.count - held.size);
    await delay(LOOK_MS);
  }
}

function closeAll(): SlowCounts {
  release.abort();
  const mine = [...held];
  held.clear();
  for (const socket of mine) socket.destroy();
  closed = 0;
  return { held: 0, closed };
}

process.on('message', async (request: SlowRequest) => {
  if (request === 'release') process.send?.(closeAll());
  else process.send?.(request === 'count' ? { held: held.size, closed } : await hold(request));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
