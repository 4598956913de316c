/**
 * Program: a link of its user that lies, run under that user's account. It registers as a real one, starts a
 * program for each session, and then does as MODE says. Prints its token, and a line once it is registered.
 *   lying-link RUN_FOLDER MODE
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Kind } from '../../../src/generated/latchkey/link/v1/link.ts';
import { RegisterLinkRequest } from '../../../src/generated/latchkey/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../../src/link-protocol/frames.ts';
import type { Body } from '../../../src/link-protocol/protocol.ts';

/** A lie, or another way in which a link is of no use. */
export type Lie =
  /** Says that a session has ended, with the most processes that a frame can carry, and ends nothing. */
  | 'ended'
  /** Names process 1 as the keeper, and says that the session has ended. */
  | 'foreign keeper'
  /** Reports each program as ended at once. */
  | 'exited'
  /** Fails as if the server had failed, with a text of its own. */
  | 'error'
  /** Names processes of others as survivors. */
  | 'foreign survivors'
  /** Answers nothing once its programs run. */
  | 'silent'
  /** Says that it stops, hangs up, and goes on. */
  | 'stopped'
  /** Ends a session as asked, two seconds later. */
  | 'slow';

const SLOW_MS = 2_000;
const INIT = { pid: 1, uid: 0, command: '\u001b[2Jinit' };

const [run = '', mode = ''] = process.argv.slice(2) as [string, Lie];
const uid = process.getuid?.() ?? 0;
const name = `${uid}.${randomBytes(16).toString('hex')}.sock`;
const programs = new Map<string, ChildProcess>();
const listener: Server = createServer(accept);
process.umask(0);
listener.listen(join(run, 'links', name));
await once(listener, 'listening');
await register();
process.stdout.write('registered\n');
setInterval(() => {}, 1_000_000); // goes on whatever happens to its socket

function accept(socket: Socket): void {
  const frames = new FrameDecoder();
  const say = (body: Body, request = 0): void => void socket.write(encodeFrame({ request, body }));
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    for (const { request, body } of frames.push(chunk)) if (body) void answer(body, request, say, socket);
  });
  const value = { version: 1, nonce: randomBytes(32), pid: 1, programVersion: 'liar', jti: '' };
  say({ $case: 'hello', value: { ...value, kind: Kind.LINK, takesBytes: true } });
}

async function answer(
  body: Body,
  request: number,
  say: (body: Body, request?: number) => void,
  socket: Socket,
): Promise<void> {
  if (body.$case === 'init') {
    const [, claims = ''] = body.value.token.split('.');
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string };
    process.stdout.write(`${body.value.token}\n`);
    return say({ $case: 'ready', value: { mac: Buffer.alloc(0), jti } }, request);
  }
  if (body.$case === 'start') {
    const { sessionId } = body.value;
    const pid = begin(sessionId, body.value.command.map(String));
    say({ $case: 'started', value: { sessionId, pid: mode === 'foreign keeper' ? 1 : pid } }, request);
    if (mode === 'exited') say({ $case: 'exited', value: { sessionId, status: 0 } });
    return;
  }
  if (mode === 'silent') return;
  if (body.$case === 'end') return say(await ended(body.value.sessionId), request);
  if (body.$case === 'stop') {
    say({ $case: 'stopped', value: { ended: [] } }, request);
    if (mode !== 'stopped') process.exit();
    listener.close();
    socket.end();
    return;
  }
  if (body.$case === 'list' || body.$case === 'adopt')
    say({ $case: 'sessions', value: { sessions: [] } }, request);
  else say({ $case: 'done', value: {} }, request);
}

async function ended(sessionId: string): Promise<Body> {
  if (mode === 'error') {
    const value = { reason: 'INTERNAL', message: 'pay \u001b[31m here', details: {}, field: '' };
    return { $case: 'error', value };
  }
  if (mode === 'slow') {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const program = programs.get(sessionId);
    if (program?.pid !== undefined) process.kill(-program.pid, 'SIGKILL');
  }
  const survivors = mode === 'foreign survivors' ? [INIT, INIT] : [];
  const processes = mode === 'slow' ? 1 : 4_294_967_295;
  return { $case: 'ended', value: { sessionId, processes, survivors, incomplete: false } };
}

/** Starts a program below a shell, as a keeper is one; returns the shell's pid. */
function begin(sessionId: string, command: string[]): number {
  const env = { PATH: process.env.PATH, LATCHKEY_SESSION_ID: sessionId };
  const shell = spawn('/bin/sh', ['-c', '"$@" & wait', 'sh', ...command], {
    detached: true,
    stdio: 'ignore',
    env,
  });
  programs.set(sessionId, shell);
  return shell.pid ?? 0;
}

async function register(): Promise<void> {
  const server = JSON.parse(readFileSync(join(run, 'server.json'), 'utf8')) as {
    address: string;
    ca: string;
  };
  const session = connect(`https://${server.address}`, { ca: server.ca, servername: 'localhost' });
  const stream = session.request({
    ':method': 'POST',
    ':path': '/latchkey.v1.LinkService/RegisterLink',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const message = RegisterLinkRequest.encode(RegisterLinkRequest.fromPartial({ socket: name })).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.resume().end(Buffer.concat([head, message]));
  const [trailers] = await once(stream, 'trailers');
  if (trailers['grpc-status'] !== '0') throw new Error(`not registered: ${trailers['grpc-message']}`);
  session.close();
}
