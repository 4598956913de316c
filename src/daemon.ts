/**
 * The composition root: builds every room from the configuration, each with only what it uses, and starts
 * them in order. Disposing of the daemon stops them in reverse; links and sessions keep running.
 */
import { randomBytes } from 'node:crypto';
import { isSea } from 'node:sea';
import { AccountChecks } from './accounts/account-checks.ts';
import type { EligibleSettings } from './accounts/eligible.ts';
import { Roles } from './accounts/roles.ts';
import { Activity } from './activity/activity.ts';
import { type Api, startApi } from './api/transport/server.ts';
import { AuditLog } from './audit/audit-log.ts';
import { Authority } from './authority/authority.ts';
import { loadKeys } from './authority/keys/keys.ts';
import { TlsCertificate } from './authority/keys/tls-certificate.ts';
import { longestLifetime } from './authority/tokens/lifetimes.ts';
import type { Config, ListenAddress } from './config/config.ts';
import { makeFolders } from './config/paths/folders.ts';
import { removeServerFile, writeServerFile } from './config/paths/run-files.ts';
import { settingsInForce, waitingForRestart } from './config/reload.ts';
import type { SettingName } from './config/settings/settings.ts';
import { AppError } from './errors.ts';
import { DEFAULT_GRACE_MS } from './grace-period.ts';
import type { Log } from './log/log.ts';
import { RefusalLog } from './log/refusal-log.ts';
import { AdminToken } from './login/admin-token.ts';
import { openLoginMethods } from './login/login-methods.ts';
import { Revocation } from './revocation/revocation.ts';
import { Sessions } from './sessions/sessions.ts';
import { openStore, type Store } from './store/open.ts';
import { getMeta, setMeta } from './store/tables/meta.ts';
import { CgroupTree } from './supervisor/cgroups/cgroup-tree.ts';
import { Links } from './supervisor/links.ts';
import { CleanupLink } from './supervisor/starters/cleanup-link.ts';
import { SUDO_RUN_FOLDER, SudoStarter } from './supervisor/starters/sudo.ts';
import { VERSION } from './version.ts';

/** Time for the sessions to end before the host shuts down, in milliseconds. */
const SHUTDOWN_MS = 8_000;

export interface Daemon extends AsyncDisposable {
  readonly serverId: string;
  /**
   * Address of the API as shown to people: `all addresses, port 7300`, or a single one such as
   * `127.0.0.1:7300`.
   */
  readonly listensOn: string;
  /** SHA-256 fingerprint of the CA's certificate, `AA:BB:…`. */
  readonly fingerprint: string;
  /**
   * Applies a new configuration, and reads the certificates again. Resolves with the changed settings that
   * need a restart. When it throws CONFIG_INVALID, nothing has changed.
   */
  reload(next: Config): Promise<SettingName[]>;
  /**
   * Ends all sessions before the host shuts down, in at most 8 seconds. Resolves with the number of those
   * that ended and of all that ran.
   */
  endSessions(): Promise<{ ended: number; all: number }>;
}

export interface DaemonOptions {
  readonly log: Log;
  /** Descriptors of listening sockets to use in place of `api.listen`. */
  readonly listenFds?: readonly number[] | undefined;
  /** Returns milliseconds since 1970. */
  readonly now?: () => number;
}

/** Arguments of every step of the start. */
interface Base {
  /** Disposes of the rooms in reverse order. */
  readonly rooms: AsyncDisposableStack;
  /** Returns the current configuration, which a reload replaces. */
  readonly settings: () => Config;
  /** The configuration of the start, which stays in force for settings that only a restart can change. */
  readonly started: Config;
  readonly now: () => number;
  readonly log: Log;
}

interface Core {
  readonly store: Store;
  readonly serverId: string;
  readonly certificate: TlsCertificate;
  readonly authority: Authority;
  readonly audit: AuditLog;
}

/** The means of starting links for users with sudo. */
interface SudoStarts {
  readonly cgroups?: CgroupTree | undefined;
  readonly sudo?: SudoStarter | undefined;
}

interface Domain {
  readonly roles: Roles;
  readonly links: Links;
  readonly sessions: Sessions;
  readonly revocation: Revocation;
}

/**
 * Starts everything; resolves when calls are answered. Throws CONFIG_INVALID for errors that the
 * administrator can fix.
 */
export async function startDaemon(
  config: Config,
  { log, listenFds, now = Date.now }: DaemonOptions,
): Promise<Daemon> {
  let current = config;
  await using rooms = new AsyncDisposableStack();
  const base: Base = { rooms, started: config, settings: () => current, now, log };
  makeFolders(config.paths);
  const sudoStarts = await openSudoStarts(base);
  const core = await openCore(base);
  const domain = await openDomain(base, core, sudoStarts);
  const api = await openApi(base, core, domain, listenFds);
  await publishLocally(base, core, domain, api.addresses[0]);
  const { serverId, certificate } = core;
  const running = rooms.move();
  return {
    serverId,
    listensOn: api.addresses.map(listensOn).join(' and '),
    fingerprint: certificate.pki.fingerprint,
    reload: async (next) => {
      await certificate.refresh();
      const waiting = waitingForRestart(config, next);
      current = next;
      void domain.sessions.settingsChanged();
      void domain.revocation.checkAccounts();
      return waiting;
    },
    endSessions: () => domain.sessions.endAll(DEFAULT_GRACE_MS, SHUTDOWN_MS),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Opens the cgroups and sudo; neither if links started by sudo would not find this daemon. */
async function openSudoStarts({ rooms, settings, log }: Base): Promise<SudoStarts> {
  const { mode, paths } = settings();
  if (mode !== 'system' || paths.run !== SUDO_RUN_FOLDER) return {};
  const cgroups = await CgroupTree.open({ limits: () => settings().links.limits, log });
  if (cgroups) rooms.use(cgroups);
  return { cgroups, sudo: new SudoStarter(cgroups) };
}

/** Opens what all other rooms need: the store, the server's id, its certificate, and its tokens. */
async function openCore({ rooms, settings, now, log }: Base): Promise<Core> {
  const { paths, tokens, server, store: stored } = settings();
  const { hostname } = server;
  const folder = paths.pki;
  const store = rooms.use(await openStore({ url: stored.url, log }));
  const serverId = server.id ?? (await storedServerId(store));
  const certificate = rooms.use(await TlsCertificate.open({ folder, serverId, hostname, now, log }));
  const keys = await loadKeys({
    folder,
    settings: { ...tokens, longestLifetimeSeconds: longestLifetime(tokens) },
    pki: certificate.pki,
    nowMs: now(),
  });
  const identity = { store, keys, serverId, hostname, now };
  const authority = rooms.use(await Authority.open({ ...identity, settings: () => settings().tokens }));
  const audit = new AuditLog({ log });
  rooms.use(authority.changes.listen(audit.tokenChanged));
  return { store, serverId, certificate, authority, audit };
}

/** Opens the rooms of the users' programs: links, sessions, and revocation. */
async function openDomain(base: Base, core: Core, { cgroups, sudo }: SudoStarts): Promise<Domain> {
  const { rooms, settings, now, log } = base;
  const { store, authority, audit } = core;
  const { paths } = settings();
  const roles = new Roles({
    members: () => settings().roles,
    now,
    onFailure: (error) => log.warn({ err: error }, 'cannot query the groups of a user'),
  });
  const common = { store, authority, cgroups, now, log };
  const accounts = new AccountChecks({ settings: () => ({ eligible: eligibleIn(settings()) }), now });
  const usesSudo = (): boolean => settings().links.sudo && sudo !== undefined;
  const cleanup = new CleanupLink({ ownProgram: ownProgram(), runFolder: paths.run, usesSudo, cgroups, log });
  const links = rooms.use(
    await Links.open({
      ...common,
      accounts,
      cleanup,
      linksFolder: paths.links,
      settings: () => ({
        eligible: eligibleIn(settings()),
        manualLinks: settings().login.methods.includes('link'),
        startMethod: settings().login.methods.includes('ssh') ? 'ssh' : undefined,
      }),
      starter: () => (settings().links.sudo ? sudo : undefined),
    }),
  );
  const sessions = rooms.use(
    await Sessions.open({
      ...common,
      roles,
      accounts,
      links,
      ownUid: process.getuid?.() ?? -1,
      settings: () => settings().sessions,
    }),
  );
  rooms.use(sessions.changes.listen(audit.sessionChanged));
  const revocation = rooms.use(
    await Revocation.open({
      ...common,
      accounts,
      audit,
      links,
      sessions,
      roles,
      settings: () => ({ ...settings().sessions, ...settings().links }),
    }),
  );
  return { roles, links, sessions, revocation };
}

/** Returns this program's own command line, without a role. A packaged program has no script argument. */
function ownProgram(): string[] {
  const script = isSea() ? [] : [...process.execArgv, ...process.argv.slice(1, 2)];
  return [process.execPath, ...script];
}

/** Opens the API, with the figures that it reports and the login methods that it offers. */
async function openApi(
  base: Base,
  core: Core,
  domain: Domain,
  listenFds: readonly number[] | undefined,
): Promise<Api> {
  const { rooms, settings, now, log } = base;
  const { store, serverId, certificate, authority } = core;
  const { links, sessions } = domain;
  const config = settings();
  const activity = rooms.use(new Activity({ authority, links, sessions, now }));
  const refusals = rooms.use(new RefusalLog(log, { onRefusal: activity.refused }));
  const eligible = (): EligibleSettings => eligibleIn(settings());
  const logins = await openLoginMethods({ settings, store, authority, links, eligible, refusals, now, log });
  const { hostname } = config.server;
  const api = startApi({
    ...domain,
    listen: listenFds === undefined ? config.api.listen : { fds: listenFds },
    pki: certificate.pki,
    authority,
    logins,
    activity,
    refusals,
    settings: () => settingsInForce(base.started, settings()),
    now,
    info: { serverId, hostname, version: VERSION, mode: config.mode, startedAt: new Date(now()) },
    log,
  }).catch((error: unknown) => {
    throw listenProblem(error, config.api.listen);
  });
  const opened = rooms.use(await api);
  certificate.onReplaced((tls) => opened.replaceCertificate(tls));
  return opened;
}

/**
 * Writes the files by which programs of this host find the server: its server.json and administrator token.
 */
async function publishLocally(
  { rooms, settings, log }: Base,
  { serverId, certificate, authority }: Core,
  { revocation }: Domain,
  address: ListenAddress,
): Promise<void> {
  const { paths, server, mode } = settings();
  rooms.use(await AdminToken.open({ authority, revocation, runFolder: paths.run, log }));
  writeServerFile(paths.run, {
    serverId,
    hostname: server.hostname,
    address: localAddress(address),
    mode,
    version: VERSION,
    pid: process.pid,
    ca: certificate.pki.caPem,
    keys: authority.jwks(),
  });
  rooms.defer(() => removeServerFile(paths.run));
}

function eligibleIn({ links, mode }: Config): EligibleSettings {
  return { ...links.eligible, self: mode === 'self' };
}

/** Returns the server's id, the issuer of every token. It is created at the first start and stored. */
async function storedServerId(store: Store): Promise<string> {
  const stored = await store.read((db) => getMeta(db, 'server_id'));
  if (stored !== undefined) return stored;
  const created = `lk-${randomBytes(8).toString('hex')}`;
  await store.commit((tx) => setMeta(tx, 'server_id', created));
  return created;
}

/** Explains to an administrator why an address cannot be listened on; returns other errors unchanged. */
function listenProblem(error: unknown, { host, port }: ListenAddress): unknown {
  const { code, syscall } = Object(error) as NodeJS.ErrnoException;
  if (code === undefined || (syscall !== 'listen' && syscall !== 'bind')) return error;
  const causes: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is in use. Stop the program that listens there, or choose another',
    EACCES: 'needs privileges that this user does not have. Choose a port from 1024 on',
    EADDRNOTAVAIL: 'is not an address of this host. Choose another',
    EAFNOSUPPORT: 'needs IPv6, which this host does not have. Choose an IPv4 address',
  };
  const why = causes[code] ?? `cannot be listened on (${code}). Choose another`;
  return new AppError('CONFIG_INVALID', `api.listen: ${host} port ${port} ${why}`, { cause: error });
}

/** Returns host:port to connect to from this host: loopback when the server listens on all addresses. */
function localAddress({ host, port }: ListenAddress): string {
  return withPort(isWildcard(host) ? '127.0.0.1' : host, port);
}

function listensOn({ host, port }: ListenAddress): string {
  if (!isWildcard(host)) return withPort(host, port);
  return `all ${host === '::' ? 'addresses' : 'IPv4 addresses'}, port ${port}`;
}

function isWildcard(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

function withPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
