/**
 * Plays the server for tests of the link process: real run folder, real TLS and RegisterLink, real unix
 * socket, real tokens; only the decisions are the test's.
 */

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';
import { loadPki } from '../../../src/authority/keys/pki.ts';
import type { ValueOf } from '../../../src/link-protocol/protocol.ts';
import { encodeClaims, type TokenClaims } from '../../../src/token/claims.ts';
import { signJws } from '../../../src/token/jws.ts';
import { jwksOf, type SigningKey, signingKey } from '../../../src/token/key.ts';
import { makeProof, resumeMac } from '../../../src/token/proof.ts';
import { type Account, myself } from '../account.ts';
import { node } from '../program.ts';
import { writeLinkProgram } from './bundled-link.ts';
import { placesOfSessions, removeSessions } from './kept-sessions.ts';
import { Line } from './line.ts';
import { type Registration, registrationOf } from './registration-call.ts';

/** Waits until `probe` returns what is expected, for as long as a busy machine may need. */
export function eventually<Value>(probe: () => Value | Promise<Value>) {
  return expect.poll(probe, { timeout: 10_000, interval: 20 });
}

/** A link process started by a test. */
export interface StartedLink {
  readonly process: ChildProcess;
  readonly stderr: () => string;
  readonly stdout: () => string;
  readonly exit: Promise<number | string>;
}

/** A descriptor that links inherit, as from a careless terminal: above those that Node closes itself. */
const STRAY_FD = 40;

export class FakeDaemon implements AsyncDisposable {
  /** The account that links run as. */
  readonly account: Account;
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-link-'));
  readonly run = join(this.folder, 'run');
  readonly config = join(this.folder, 'config');
  readonly serverId = `test-${randomBytes(8).toString('hex')}`;
  readonly key: SigningKey = signingKey(generateKeyPairSync('ed25519').privateKey);
  readonly initKey = randomBytes(32);
  readonly links: StartedLink[] = [];
  /** Arguments for Node.js: the program to run. */
  entry: string[] = [];
  /** Handles a registration; by default it makes the caller a link. */
  onRegister: (registration: Registration) => Promise<void> = async ({ request, answer }) => {
    this.socket = request.socket;
    this.line = new Line(join(this.run, 'links', request.socket));
    await this.init(this.line);
    answer();
  };
  line: Line | undefined;
  socket = '';
  claims: Partial<TokenClaims> = {};
  ca = '';
  address = '';
  readonly #issuedAt = Math.floor(Date.now() / 1000);
  #server: Http2SecureServer | undefined;

  private constructor(account: Account) {
    this.account = account;
  }

  /** Opens one whose links run as `account`; as another one than this process's in a world only. */
  static async open(account = myself()): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(account);
    chmodSync(daemon.folder, 0o755);
    daemon.entry = [writeLinkProgram(daemon.folder)];
    mkdirSync(daemon.run, { mode: 0o755 });
    mkdirSync(join(daemon.run, 'links'), { mode: 0o700 });
    if (daemon.#isOther) chmodSync(join(daemon.run, 'links'), 0o1733);
    const pki = await loadPki({
      folder: join(daemon.folder, 'pki'),
      serverId: daemon.serverId,
      names: ['localhost'],
      addresses: ['127.0.0.1'],
      nowMs: Date.now(),
    });
    daemon.ca = pki.caPem;
    daemon.#server = createSecureServer({
      cert: pki.tls.certPem,
      key: pki.tls.keyPem,
      minVersion: 'TLSv1.3',
    });
    daemon.#server.on('stream', (stream) => void daemon.#register(stream as ServerHttp2Stream));
    daemon.#server.listen(0, '127.0.0.1');
    await once(daemon.#server, 'listening');
    const { port } = daemon.#server.address() as { port: number };
    daemon.address = `127.0.0.1:${port}`;
    daemon.writeServerFile();
    return daemon;
  }

  get uid(): number {
    return this.account.uid;
  }

  /** True when links run as another account than this process. */
  get #isOther(): boolean {
    return this.uid !== process.getuid?.();
  }

  writeServerFile(more: object = {}): void {
    const { serverId, address, ca } = this;
    const keys = jwksOf([this.key]);
    const file = {
      serverId,
      hostname: 'here',
      address,
      ca,
      keys,
      version: '0',
      mode: 'self',
      pid: 1,
      ...more,
    };
    writeFileSync(join(this.run, 'server.json'), JSON.stringify(file), { mode: 0o644 });
  }

  /** Returns a token; the same each time. */
  token(more: Partial<TokenClaims> = {}): string {
    const iat = this.#issuedAt;
    const claims: TokenClaims = {
      sub: 'someone',
      iss: this.serverId,
      jti: 'token-1',
      iat,
      exp: iat + 3600,
      authMethod: 'link',
      socket: this.socket,
      ...this.claims,
      ...more,
    };
    return signJws(encodeClaims(claims), this.key);
  }

  proof(nonce: Buffer, secondsAgo = 0, uid = this.uid): string {
    const nowSeconds = Math.floor(Date.now() / 1000) - secondsAgo;
    return makeProof({ serverId: this.serverId, uid, nonce, nowSeconds }, this.key);
  }

  /** Completes a handshake: Hello, Init, Ready. */
  async init(line: Line): Promise<ValueOf<'ready'>> {
    const { nonce } = await line.take('hello');
    const value = { token: this.token(), proof: this.proof(nonce), initKey: this.initKey };
    return line.ask({ $case: 'init', value }, 'ready');
  }

  /** Opens a new connection to the link that registered last. */
  dial(): Line {
    return new Line(join(this.run, 'links', this.socket));
  }

  /** Completes a handshake on a new connection: Hello, Resume, Ready. */
  async resume(initKey = this.initKey): Promise<Line> {
    const line = this.dial();
    const { nonce: linkNonce, jti, version } = await line.take('hello');
    const nonce = randomBytes(32);
    const transcript = { version, linkNonce, daemonNonce: nonce, jti, uid: this.uid };
    const value = { nonce, mac: resumeMac('daemon', initKey, transcript) };
    const ready = await line.ask({ $case: 'resume', value }, 'ready');
    if (!ready.mac.equals(resumeMac('link', initKey, transcript))) throw new Error("the link's MAC is wrong");
    this.line = line;
    return line;
  }

  /** Starts a link without waiting for it. */
  spawn(words: string[] = [], env: Record<string, string> = {}): StartedLink {
    const { uid } = this;
    const stray = openSync('/dev/null', 'r');
    const others = Array.from({ length: STRAY_FD - 3 }, () => 'ignore' as const);
    const child = spawn(
      this.#isOther ? node() : process.execPath,
      [...this.entry, '--run', this.run, ...words],
      {
        stdio: ['ignore', 'pipe', 'pipe', ...others, stray],
        env: { PATH: '/usr/bin:/bin', XDG_CONFIG_HOME: this.config, ...env },
        ...(this.#isOther && { uid, gid: uid }),
      },
    ) as ChildProcessByStdio<null, Readable, Readable>;
    closeSync(stray);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk) => {
        texts[name] += String(chunk);
      });
    const exit = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    const link = { process: child, exit, stdout: () => texts.stdout, stderr: () => texts.stderr };
    this.links.push(link);
    return link;
  }

  /** Starts a link and waits until it is ready. */
  async link(
    words: string[] = [],
    env: Record<string, string> = {},
  ): Promise<{ link: StartedLink; line: Line }> {
    const ready = Promise.withResolvers<Line>();
    const register = this.onRegister;
    this.onRegister = async (registration) => {
      await register(registration);
      if (this.line !== undefined) ready.resolve(this.line);
    };
    const link = this.spawn(words, env);
    const gone = link.exit.then((status) => {
      throw new Error(`the link ended with ${status}: ${link.stderr()}`);
    });
    const line = await Promise.race([ready.promise, gone]);
    gone.catch(() => {});
    this.onRegister = register;
    return { link, line };
  }

  /** Folder in which the link keeps its sessions. */
  get sessions(): string {
    const [home, elsewhere] = placesOfSessions(this.account, this.serverId);
    return join(existsSync(home) ? home : elsewhere, 'sessions');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process: child, exit } of this.links) {
      child.kill('SIGKILL');
      await exit;
    }
    this.#server?.close();
    endKeepers(this.sessions);
    for (const id of [this.serverId, `${this.serverId}-not`]) removeSessions(this.account, id);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #register(stream: ServerHttp2Stream): Promise<void> {
    const registration = await registrationOf(stream);
    await this.onRegister(registration).catch((error: unknown) =>
      registration.answer({ code: 13, message: String(error) }),
    );
  }
}

/** Ends what tests left running: the process sessions of keepers, by their recorded pids. */
function endKeepers(sessions: string): void {
  let names: string[] = [];
  try {
    names = readdirSync(sessions);
  } catch {
    return; // the link never had any
  }
  for (const name of names) {
    try {
      const pid = Number(readFileSync(join(sessions, name, 'pid'), 'latin1').split(' ')[0]);
      const mark = readFileSync(`/proc/${pid}/environ`, 'latin1');
      if (mark.includes(`LATCHKEY_SESSION_ID=${name}`)) process.kill(-pid, 'SIGKILL');
    } catch {
      // already gone
    }
  }
}
