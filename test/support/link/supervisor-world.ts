/** The rooms that links need, all real, in folders of their own: a server whose rooms a test can reach. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AccountChecks } from '../../../src/accounts/account-checks.ts';
import type { EligibleSettings } from '../../../src/accounts/eligible.ts';
import type { Role } from '../../../src/accounts/roles.ts';
import { Activity } from '../../../src/activity/activity.ts';
import { startApi } from '../../../src/api/transport/server.ts';
import { AuditLog } from '../../../src/audit/audit-log.ts';
import { Authority } from '../../../src/authority/authority.ts';
import { loadKeys } from '../../../src/authority/keys/keys.ts';
import { loadPki, type Pki } from '../../../src/authority/keys/pki.ts';
import { removeServerFile, writeServerFile } from '../../../src/config/paths/run-files.ts';
import { RefusalLog } from '../../../src/log/refusal-log.ts';
import { type Receipt, type Requester, Revocation } from '../../../src/revocation/revocation.ts';
import type { Session } from '../../../src/sessions/session.ts';
import { Sessions, type SessionsOptions } from '../../../src/sessions/sessions.ts';
import { openStore, type Store } from '../../../src/store/open.ts';
import { Links, type LinksOptions } from '../../../src/supervisor/links.ts';
import type { Starter } from '../../../src/supervisor/starters/starter.ts';
import type { TokenClaims } from '../../../src/token/claims.ts';

/** Below the time limit of a unit test, so that it is said what has been waited for. */
const PATIENCE_MS = 20_000;
const main = join(import.meta.dirname, '../../../src/main.ts');
export const me = userInfo();
const ADMIN: Requester = {
  claims: { jti: '', sub: 'root', authMethod: 'local' as const },
  role: 'admin',
};

export interface WorldOptions {
  readonly onRevoke?: 'keep' | 'end';
  readonly shutdownOnLogout?: boolean;
  readonly manualLinks?: boolean;
  readonly lifetimes?: Record<string, number>;
  readonly retentionMs?: number;
  readonly outputLimitBytes?: number;
  readonly giveUpMs?: number;
  readonly maxKept?: number;
  /** The roles of logins. */
  readonly roles?: Readonly<Record<string, Role>>;
  /** Starts link daemons for users. */
  readonly starter?: Starter;
}

/** The parts of a server between its start and its stop. */
interface Rooms {
  readonly store: Store;
  readonly authority: Authority;
  readonly links: Links;
  readonly sessions: Sessions;
  readonly revocation: Revocation;
  readonly address: string;
  readonly owned: AsyncDisposableStack;
}

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
  readonly logged: { level: string; details: object; message: string }[] = [];
  readonly #options: WorldOptions;
  readonly #children: ChildProcess[] = [];
  #rooms: Rooms | undefined;
  /** Milliseconds added to the clock. */
  ahead = 0;
  /** The rules of eligibility in force. */
  eligible: EligibleSettings = { minUid: 0, users: [], self: true };

  private constructor(options: WorldOptions) {
    this.#options = options;
    mkdirSync(this.linksFolder, { recursive: true, mode: 0o700 });
    mkdirSync(join(this.folder, 'pki'), { mode: 0o700 });
  }

  static async open(options: WorldOptions = {}): Promise<World> {
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
    await using owned = new AsyncDisposableStack();
    const { serverId, linksFolder, folder } = this;
    const { onRevoke = 'keep', shutdownOnLogout = false, manualLinks = true } = this.#options;
    const now = (): number => Date.now() + this.ahead;
    const log = this.#log();
    const store = owned.use(
      await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes: 4096 }),
    );
    const { authority, pki } = await this.#openAuthority(owned, store, now);
    const common = { store, now, log };
    const accounts = new AccountChecks({ settings: () => ({ eligible: this.eligible }), now });
    const links = owned.use(
      await Links.open({
        ...common,
        authority,
        accounts,
        linksFolder,
        settings: () => ({ eligible: this.eligible, manualLinks }),
        starter: () => this.#options.starter,
      }),
    );
    const { retentionMs = 3_600_000, outputLimitBytes = 1024 * 1024 } = this.#options;
    const { giveUpMs = 10_000, maxKept = 10_000 } = this.#options;
    const kept = { retentionMs, outputLimitBytes };
    const sessions = owned.use(
      await Sessions.open({ ...common, authority, links, settings: () => kept, giveUpMs, maxKept }),
    );
    const roles = { roleOf: ({ sub }: TokenClaims): Role => this.#options.roles?.[sub] ?? 'user' };
    const revocation = owned.use(
      await Revocation.open({
        authority,
        links,
        sessions,
        accounts,
        roles,
        audit: new AuditLog({ log }),
        settings: () => ({ shutdownOnLogout, onRevoke }),
        log,
      }),
    );
    const api = owned.use(
      await startApi({
        listen: { host: '127.0.0.1', port: 0 },
        pki,
        authority,
        links,
        sessions,
        settings: () => ({}),
        now,
        revocation,
        roles,
        logins: { usable: () => [], begin: () => Promise.reject(new Error('no logins here')) as never },
        info: { serverId, hostname: 'here', version: '0', mode: 'self', startedAt: new Date() },
        log: silent,
        refusals: owned.use(new RefusalLog(silent)),
        activity: owned.use(new Activity({ authority, links, sessions, now })),
      }),
    );
    const address = `127.0.0.1:${api.addresses[0]?.port}`;
    const file = { serverId, hostname: 'here', address, ca: pki.caPem, keys: authority.jwks(), version: '0' };
    writeServerFile(this.run, { ...file, mode: 'self', pid: process.pid });
    this.#rooms = { store, authority, links, sessions, revocation, address, owned: owned.move() };
  }

  async #openAuthority(
    owned: AsyncDisposableStack,
    store: Store,
    now: () => number,
  ): Promise<{ authority: Authority; pki: Pki }> {
    const { serverId, folder } = this;
    const pkiFolder = join(folder, 'pki');
    const host = { serverId, names: ['localhost'], addresses: ['127.0.0.1'] };
    const pki = await loadPki({ folder: pkiFolder, ...host, nowMs: now() });
    const settings = { lifetimeSeconds: 3600, lifetimes: this.#options.lifetimes ?? {} };
    const keys = await loadKeys({
      folder: pkiFolder,
      settings: {
        algorithm: 'ES256',
        signingKey: undefined,
        secret: undefined,
        longestLifetimeSeconds: 3600,
      },
      pki,
      nowMs: now(),
    });
    const authority = owned.use(
      await Authority.open({ store, now, keys, serverId, hostname: 'here', settings: () => settings }),
    );
    return { authority, pki };
  }

  /** Stops the server's rooms; links and sessions go on. */
  async stop(): Promise<void> {
    removeServerFile(this.run);
    const { owned } = this.#open;
    this.#rooms = undefined;
    await owned.disposeAsync();
  }

  /** Issues a token of this test's user that has no link of its own. */
  async login(login = me.username): Promise<TokenClaims> {
    const request = { login, linuxUser: me.username, uid: me.uid, authMethod: 'key' as const };
    return (await this.authority.mint(request)).claims;
  }

  /** Starts a real link process and waits until the server has registered it. */
  async link(...words: string[]): Promise<LinkProcess> {
    const known = new Set(await this.sockets());
    const argv = [
      '--disable-warning=ExperimentalWarning',
      main,
      'link',
      '--run',
      this.run,
      '--print-token',
      ...words,
    ];
    const child = spawn(process.execPath, argv, {
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
    const argv = ['--disable-warning=ExperimentalWarning', main, 'link', '--run', this.run, '--daemon'];
    const child = spawn(process.execPath, argv, {
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
    for (const place of this.#places()) rmSync(place, { recursive: true, force: true });
  }

  /** Folder in which links of this server keep a session. */
  sessionFolder(id: string): string {
    const folders = this.#places().map((place) => join(place, 'sessions', id));
    return folders.find((folder) => existsSync(folder)) ?? '';
  }

  /** Folders in which links keep sessions: at home, or else where everyone may write. */
  #places(): string[] {
    return [
      join(me.homedir, '.local/state/latchkey', this.serverId),
      join('/var/tmp', `latchkey-${me.uid}`, this.serverId),
    ];
  }

  #log(): SessionsOptions['log'] & LinksOptions['log'] {
    const at = (level: string) => (details: object, message: string) =>
      void this.logged.push({ level, details, message });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
