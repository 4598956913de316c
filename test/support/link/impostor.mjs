/**
 * An attacker's tool, run under its own account with nothing but Node.js: makes what looks like a link, asks
 * the server to register it, and prints the result as JSON lines.
 *   impostor.mjs RUN_FOLDER NAME [--listen] [--daemon] [--hello HEX] [--keep]
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { createServer } from 'node:net';

const [run, name, ...flags] = process.argv.slice(2);
const server = JSON.parse(readFileSync(`${run}/server.json`, 'utf8'));
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

if (flags.includes('--listen')) {
  const listener = createServer((socket) => {
    say({ connected: true });
    const hello = flags[flags.indexOf('--hello') + 1];
    if (flags.includes('--hello')) socket.write(Buffer.from(hello, 'hex'));
    socket.on('data', (data) => say({ received: data.toString('hex').slice(0, 80) }));
    socket.on('close', () => say({ closed: true }));
    socket.on('error', () => {});
  });
  process.umask(0);
  await new Promise((resolve, reject) =>
    listener.once('error', reject).listen(`${run}/links/${name}`, resolve),
  );
  listener.unref();
}

/** RegisterLinkRequest{socket, daemon}, encoded by hand. */
function request() {
  const text = Buffer.from(name);
  const length = text.length < 128 ? [text.length] : [(text.length & 127) | 128, text.length >> 7];
  return Buffer.concat([
    Buffer.from([0x0a, ...length]),
    text,
    Buffer.from(flags.includes('--daemon') ? [0x10, 1] : []),
  ]);
}

const session = connect(`https://${server.address}`, { ca: server.ca, servername: 'localhost' });
session.on('error', (error) => say({ error: error.message }));
const stream = session.request({
  ':method': 'POST',
  ':path': '/latchkey.v1.LinkService/RegisterLink',
  'content-type': 'application/grpc',
  te: 'trailers',
});
const answer = (headers) =>
  headers['grpc-status'] !== undefined &&
  say({
    status: Number(headers['grpc-status']),
    message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
  });
stream
  .on('response', answer)
  .on('trailers', answer)
  .on('error', (error) => say({ error: error.message }));
stream.on('close', () => !flags.includes('--keep') && session.close());
stream.resume();
const body = request();
const head = Buffer.alloc(5);
head.writeUInt32BE(body.length, 1);
stream.end(Buffer.concat([head, body]));
