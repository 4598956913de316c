/**
 * Program: a link of its user that lies, run under that user's account. It registers as a real one, starts a
 * program for each session, and then does as MODE says. Prints its token, a line once it is registered, and
 * another one each time that the server has resumed it.
 *   lying-link RUN_FOLDER MODE
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Kind, type SessionState } from '../../../src/generated/latchkey/link/v1/link.ts';
import { RegisterLinkRequest } from '../../../src/generated/latchkey/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../../src/link-protocol/frames.ts';
import type { Body } from '../../../src/link-protocol/protocol.ts';
import { resumeMac } from '../../../src/token/proof.ts';

/** A lie, or another way in which a link is of no use. */
export type Lie =
  /** Says that a session has ended, with the most processes that a frame can carry, and ends nothing. */
  | 'ended'
  /** Names process 1 as the keeper, and says that the session has ended. */
  | 'foreign keeper'
  /** Names a process that does not exist as the keeper, and says that the session has ended. */
  | 'absent keeper'
  /** Names another process as the keeper later on, ends that, and says that the session has ended. */
  | 'changed keeper'
  /** Names one process as the keeper of every session, and of many more that the server does not have. */
  | 'same keeper'
  /** Reports each program as ended at once. */
  | 'exited'
  /** Fails as if the server had failed, with a text of its own. */
  | 'error'
  /** Ends a session as asked, and names processes of others as its survivors, with invented accounts. */
  | 'foreign survivors'
  /** Answers nothing once its programs run. */
  | 'silent'
  /** Says that it stops, hangs up, and goes on. */
  | 'stopped'
  /** Ends a session as asked, two seconds later. */
  | 'slow';

const SLOW_MS = 2_000;
/** Time until the connection ends after a start, so that the start is answered. */
const HANG_UP_MS = 50;
const FOREIGN = [
  { pid: 1, uid: 0, command: '\u001b[2Jinit' },
  ...Array.from({ length: 99 }, (_, at) => ({ pid: process.ppid, uid: 3_000_000 + at, command: 'sleep 1' })),
];
/** Pid that no process of a Linux kernel has, and that a frame may carry. */
const NO_PROCESS = 2 ** 22;
const OTHERS = 20_000;

const [run = '', mode = ''] = process.argv.slice(2) as [string, Lie];
const uid = process.getuid?.() ?? 0;
const name = `${uid}.${randomBytes(16).toString('hex')}.sock`;
const programs = new Map<string, ChildProcess>();
const decoy = spawn('sleep', ['1000000'], { detached: true, stdio: 'ignore' });
let known: { readonly jti: string; readonly initKey: Buffer } = { jti: '', initKey: Buffer.alloc(0) };
const listener: Server = createServer(accept);
process.umask(0);
listener.listen(join(run, 'links', name));
await once(listener, 'listening');
await register();
process.stdout.write('registered\n');
setInterval(() => {}, 1_000_000); // goes on whatever happens to its socket

function accept(socket: Socket): void {
  const frames = new FrameDecoder();
  const nonce = randomBytes(32);
  const connection = { socket, nonce, isResuming: false };
  const say = (body: Body, request = 0): void => void socket.write(encodeFrame({ request, body }));
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    for (const { request, body } of frames.push(chunk)) if (body) void answer(body, request, say, connection);
  });
  const value = { version: 1, nonce, pid: 1, programVersion: 'liar', jti: known.jti };
  say({ $case: 'hello', value: { ...value, kind: Kind.LINK, takesBytes: true, hasTerminals: true } });
}

async function answer(
  body: Body,
  request: number,
  say: (body: Body, request?: number) => void,
  connection: { readonly socket: Socket; readonly nonce: Buffer; isResuming: boolean },
): Promise<void> {
  const { socket, nonce } = connection;
  if (body.$case === 'resume') {
    connection.isResuming = true;
    const transcript = { version: 1, linkNonce: nonce, daemonNonce: body.value.nonce, jti: known.jti, uid };
    const mac = resumeMac('link', known.initKey, transcript);
    return say({ $case: 'ready', value: { mac, jti: known.jti } }, request);
  }
  if (body.$case === 'init') {
    const [, claims = ''] = body.value.token.split('.');
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string };
    known = { jti, initKey: body.value.initKey };
    process.stdout.write(`${body.value.token}\n`);
    return say({ $case: 'ready', value: { mac: Buffer.alloc(0), jti } }, request);
  }
  if (body.$case === 'start') {
    const { sessionId } = body.value;
    const pid = begin(sessionId, body.value.command.map(String));
    say({ $case: 'started', value: { sessionId, pid: keeperNamed(pid) } }, request);
    // The server then asks for the sessions anew.
    if (mode === 'changed keeper' || mode === 'same keeper') setTimeout(() => socket.end(), HANG_UP_MS);
    if (mode === 'exited') say({ $case: 'exited', value: { sessionId, status: 0 } });
    return;
  }
  if (mode === 'silent') return;
  if (body.$case === 'list' && connection.isResuming) {
    connection.isResuming = false;
    say({ $case: 'sessions', value: { sessions: sessions() } }, request);
    process.stdout.write('resumed\n');
    return;
  }
  if (body.$case === 'end') return say(await ended(body.value.sessionId), request);
  if (body.$case === 'stop') {
    say({ $case: 'stopped', value: { ended: [] } }, request);
    if (mode !== 'stopped') process.exit();
    listener.close();
    socket.end();
    return;
  }
  if (body.$case === 'list' || body.$case === 'adopt')
    say({ $case: 'sessions', value: { sessions: sessions() } }, request);
  else say({ $case: 'done', value: {} }, request);
}

async function ended(sessionId: string): Promise<Body> {
  if (mode === 'error') {
    const value = { reason: 'INTERNAL', message: 'pay \u001b[31m here', details: {}, field: '' };
    return { $case: 'error', value };
  }
  if (mode === 'slow') {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  }
  if (mode === 'slow' || mode === 'foreign survivors') endProgram(sessionId);
  if (mode === 'changed keeper') decoy.kill('SIGKILL');
  const survivors = mode === 'foreign survivors' ? FOREIGN : [];
  const processes = mode === 'slow' ? 1 : 4_294_967_295;
  return { $case: 'ended', value: { sessionId, processes, survivors, incomplete: false } };
}

function endProgram(sessionId: string): void {
  const pid = programs.get(sessionId)?.pid;
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

/** Returns the pid that is said to be the keeper's at the start. */
function keeperNamed(pid: number): number {
  const lies: Partial<Record<Lie, number>> = {
    'foreign keeper': 1,
    'absent keeper': NO_PROCESS,
    'same keeper': decoy.pid ?? 0,
  };
  return lies[mode as Lie] ?? pid;
}

/** Returns the sessions that are said to run. */
function sessions(): SessionState[] {
  if (mode !== 'changed keeper' && mode !== 'same keeper') return [];
  const others = mode === 'same keeper' ? Array.from({ length: OTHERS }, (_, at) => at.toString(36)) : [];
  return [...programs.keys(), ...others].map((sessionId) => ({
    sessionId,
    pid: decoy.pid ?? 0,
    exited: undefined,
    elsewhere: false,
  }));
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
