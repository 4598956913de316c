/** A server whose rooms a test can reach, in folders of its own, and real links. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EligibleSettings } from '../../../src/accounts/eligible.ts';
import type { Authority } from '../../../src/authority/authority.ts';
import { removeServerFile, writeServerFile } from '../../../src/config/paths/run-files.ts';
import type { Receipt, Requester, Revocation } from '../../../src/revocation/revocation.ts';
import type { Session } from '../../../src/sessions/session.ts';
import type { Sessions } from '../../../src/sessions/sessions.ts';
import type { Store } from '../../../src/store/open.ts';
import type { Links } from '../../../src/supervisor/links.ts';
import type { TokenClaims } from '../../../src/token/claims.ts';
import { myself } from '../account.ts';
import { writeLinkProgram } from './bundled-link.ts';
import { placesOfSessions, removeSessions } from './kept-sessions.ts';
import { openRooms, type Rooms, type RoomsHost, type RoomsOptions } from './server-rooms.ts';

/** Below the time limit of a unit test, so that it is said what has been waited for. */
const PATIENCE_MS = 20_000;
export const me = userInfo();
const ADMIN: Requester = {
  claims: { jti: '', sub: 'root', authMethod: 'local' as const },
  role: 'admin',
};

export interface LinkProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Id of its token. */
  readonly jti: string;
  readonly socket: string;
}

export class World implements AsyncDisposable {
  readonly serverId = `test-${randomBytes(6).toString('hex')}`;
  readonly folder = mkdtempSync(join(realpathSync(tmpdir()), 'latchkey-links-'));
  readonly run = join(this.folder, 'run');
  readonly linksFolder = join(this.run, 'links');
  /** The program of its links, which Node.js runs. */
  readonly program = writeLinkProgram(this.folder);
  readonly logged: { level: string; details: object; message: string }[] = [];
  readonly #options: RoomsOptions;
  readonly #children: ChildProcess[] = [];
  #rooms: Rooms | undefined;
  /** Milliseconds added to the clock. */
  ahead = 0;
  /** The rules of eligibility in force. */
  eligible: EligibleSettings = { minUid: 0, users: [], self: true };

  private constructor(options: RoomsOptions) {
    this.#options = options;
    mkdirSync(this.linksFolder, { recursive: true, mode: 0o700 });
    mkdirSync(join(this.folder, 'pki'), { mode: 0o700 });
  }

  static async open(options: RoomsOptions = {}): Promise<World> {
    const world = new World(options);
    await world.start();
    return world;
  }

  get store(): Store {
    return this.#open.store;
  }

  get authority(): Authority {
    return this.#open.authority;
  }

  get links(): Links {
    return this.#open.links;
  }

  get sessions(): Sessions {
    return this.#open.sessions;
  }

  get revocation(): Revocation {
    return this.#open.revocation;
  }

  /** Address of the API, host:port. */
  get address(): string {
    return this.#open.address;
  }

  get #open(): Rooms {
    if (!this.#rooms) throw new Error('the daemon is stopped');
    return this.#rooms;
  }

  /** Starts the server's rooms, on the state that earlier ones have left. */
  async start(): Promise<void> {
    const { serverId, folder, linksFolder } = this;
    const now = (): number => Date.now() + this.ahead;
    const host = { serverId, folder, linksFolder, now, eligible: () => this.eligible, log: this.#log() };
    const rooms = await openRooms(this.#options, host);
    this.#rooms = rooms;
    const { address, ca, authority } = rooms;
    const file = { serverId, hostname: 'here', address, ca, keys: authority.jwks(), version: '0' };
    writeServerFile(this.run, { ...file, mode: 'self', pid: process.pid });
  }

  /** Stops the server's rooms; links and sessions go on. */
  async stop(): Promise<void> {
    removeServerFile(this.run);
    const rooms = this.#open;
    this.#rooms = undefined;
    await rooms[Symbol.asyncDispose]();
  }

  /** Issues a token of this test's user that has no link of its own. */
  async login(login = me.username): Promise<TokenClaims> {
    const request = { login, linuxUser: me.username, uid: me.uid, authMethod: 'key' as const };
    return (await this.authority.mint(request)).claims;
  }

  /** Starts a real link process and waits until the server has registered it. */
  async link(...words: string[]): Promise<LinkProcess> {
    const known = new Set(await this.sockets());
    const child = spawn(process.execPath, [this.program, '--run', this.run, '--print-token', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    this.#children.push(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const socket = await this.until(`a link: ${said}`, async () => {
      if (child.exitCode !== null) throw new Error(`the link ended: ${said}`);
      return (await this.sockets()).find((name) => !known.has(name));
    });
    const { jti, pid } = this.links.get(socket);
    return { child, pid, jti, socket };
  }

  /** Starts a link daemon, which detaches. */
  async linkDaemon(): Promise<Omit<LinkProcess, 'child'>> {
    const known = new Set(await this.sockets());
    const child = spawn(process.execPath, [this.program, '--run', this.run, '--daemon'], {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [status] = await once(child, 'exit');
    if (status !== 0) throw new Error(`no link daemon: ${said}`);
    const socket = (await this.sockets()).find((name) => !known.has(name)) ?? '';
    const { jti, pid } = this.links.get(socket);
    return { pid, jti, socket };
  }

  /** Ends a session as an administrator. */
  end(sessionId: string, graceMs = 0): Promise<Receipt> {
    return this.revocation.revoke({ sessionIds: [sessionId], graceMs }, 'revoked', ADMIN);
  }

  /** Stops a link as an administrator. */
  stopLink(socket: string): Promise<Receipt> {
    return this.revocation.revoke({ socket }, 'revoked', ADMIN);
  }

  async sockets(): Promise<string[]> {
    return (await this.links.list({ pageSize: 1000 })).items.map(({ socket }) => socket);
  }

  /** Resolves with the session once `is` holds for it. */
  async session(id: string, is: (session: Session) => boolean): Promise<Session> {
    return this.until(`session ${id}`, async () => {
      const session = await this.sessions.get({ login: '', seesAll: true }, id);
      return is(session) ? session : undefined;
    });
  }

  /** Resolves with what `look` returns, as soon as that is not undefined. */
  async until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await delay(5);
    }
    throw new Error(`waited in vain for ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#rooms) await this.start();
    const viewer = { login: '', seesAll: true };
    const { items } = await this.sessions.list(viewer, { state: 'running', pageSize: 1000 });
    await Promise.allSettled(items.map(({ id }) => this.end(id)));
    for (const socket of await this.sockets()) await this.stopLink(socket);
    for (const child of this.#children)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    removeSessions(myself(), this.serverId);
  }

  /** Folder in which links of this server keep a session. */
  sessionFolder(id: string): string {
    const places = placesOfSessions(myself(), this.serverId);
    const folders = places.map((place) => join(place, 'sessions', id));
    return folders.find((folder) => existsSync(folder)) ?? '';
  }

  #log(): RoomsHost['log'] {
    const at = (level: string) => (details: object, message: string) =>
      void this.logged.push({ level, details, message });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}
