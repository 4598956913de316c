/**
 * The composition root: builds every room from the configuration, each with just what it uses, and
 * starts them in order. Disposing the daemon stops them in reverse; links and sessions go on without it.
 */
import { randomBytes } from 'node:crypto';
import type { EligibleSettings } from './accounts/eligible.ts';
import { Roles } from './accounts/roles.ts';
import { Activity } from './activity/activity.ts';
import { startApi } from './api/transport/server.ts';
import { Authority } from './authority/authority.ts';
import { loadKeys } from './authority/keys/keys.ts';
import { TlsCertificate } from './authority/keys/tls-certificate.ts';
import { longestLifetime } from './authority/tokens/lifetimes.ts';
import type { Config, ListenAddress } from './config/config.ts';
import { makeFolders } from './config/paths/folders.ts';
import { removeServerFile, writeServerFile } from './config/paths/run-files.ts';
import { waitingForRestart } from './config/reload.ts';
import type { SettingName } from './config/settings/settings.ts';
import { codeOf } from './errno.ts';
import { AppError } from './errors.ts';
import type { Log } from './log/log.ts';
import { RefusalLog } from './log/refusal-log.ts';
import { AdminToken } from './login/admin-token.ts';
import { openLoginMethods } from './login/login-methods.ts';
import { Revocation } from './revocation/revocation.ts';
import { Sessions } from './sessions/sessions.ts';
import { openStore, type Store } from './store/open.ts';
import { getMeta, setMeta } from './store/tables/meta.ts';
import { CgroupTree } from './supervisor/cgroups/cgroup-tree.ts';
import { Links, type LinksOptions } from './supervisor/links.ts';
import { SUDO_RUN_FOLDER, SudoStarter } from './supervisor/starters/sudo.ts';
import { VERSION } from './version.ts';

export interface Daemon extends AsyncDisposable {
  readonly serverId: string;
  /** Address of the API for people: `all addresses, port 7300`, or a single one such as `127.0.0.1:7300`. */
  readonly listensOn: string;
  /** SHA-256 fingerprint of the CA's certificate, `AA:BB:…`. */
  readonly fingerprint: string;
  /**
   * Applies a new configuration, and reads the certificates again. Resolves with the changed settings that
   * need a restart. Throws CONFIG_INVALID, and changes nothing then.
   */
  reload(next: Config): Promise<SettingName[]>;
}

export interface DaemonOptions {
  readonly log: Log;
  /** Descriptor of a listening socket to use in place of `api.listen`. */
  readonly listenFd?: number | undefined;
  /** Returns milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Starts everything; resolves when calls are answered. Throws CONFIG_INVALID for errors that the
 * administrator can fix.
 */
export async function startDaemon(
  config: Config,
  { log, listenFd, now = Date.now }: DaemonOptions,
): Promise<Daemon> {
  let current = config;
  await using rooms = new AsyncDisposableStack();
  const settings = (): Config => current;
  const { paths, mode } = config;
  const { hostname } = config.server;

  makeFolders(paths);
  const { cgroups, sudo } = await openSudo(rooms, settings, log);
  const { store, serverId, certificate, authority } = await openAuthority(rooms, settings, log, now);
  const { pki } = certificate;
  const roles = new Roles({
    members: () => current.roles,
    now,
    onFailure: (error) => log.warn({ err: error }, 'cannot query the groups of a user'),
  });
  const eligible = () => ({ ...current.links.eligible, self: mode === 'self' });
  const parts = { store, authority, roles, cgroups, sudo, eligible, now, log };
  const { links, sessions, revocation } = await openPrograms(rooms, settings, parts);

  const info = { serverId, hostname, version: VERSION, mode, startedAt: new Date(now()) };
  const activity = rooms.use(new Activity({ authority, links, sessions, now }));
  const refusals = rooms.use(new RefusalLog(log, { onRefusal: activity.refused }));
  const logins = await openLoginMethods({ config, store, authority, links, eligible, refusals, now, log });
  const listen = listenFd === undefined ? config.api.listen : { fd: listenFd };
  const below = { authority, links, sessions, revocation, roles, logins };
  const served = startApi({ listen, pki, ...below, info, activity, refusals, log });
  const api = rooms.use(
    await served.catch((error: unknown) => Promise.reject(listenProblem(error, config.api.listen))),
  );
  certificate.onReplaced((tls) => api.replaceCertificate(tls));
  const address = dialled(api.address);

  rooms.use(await AdminToken.open({ authority, revocation, runFolder: paths.run, log }));
  const found = { serverId, hostname, address, mode, version: VERSION, pid: process.pid };
  writeServerFile(paths.run, { ...found, ca: pki.caPem, keys: authority.jwks() });
  rooms.defer(() => removeServerFile(paths.run));

  const running = rooms.move();
  return {
    serverId,
    listensOn: listensOn(api.address),
    fingerprint: pki.fingerprint,
    reload: async (next) => {
      await certificate.refresh();
      const waiting = waitingForRestart(config, next);
      current = next;
      return waiting;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/**
 * Returns the means of starting links for users, and their cgroups; neither if such links would not find
 * this daemon.
 */
async function openSudo(
  rooms: AsyncDisposableStack,
  settings: () => Config,
  log: Log,
): Promise<{ cgroups?: CgroupTree | undefined; sudo?: SudoStarter }> {
  const { mode, paths } = settings();
  if (mode !== 'system' || paths.run !== SUDO_RUN_FOLDER) return {};
  const cgroups = await CgroupTree.open({ limits: () => settings().links.limits, log });
  if (cgroups) rooms.use(cgroups);
  return { cgroups, sudo: new SudoStarter(cgroups) };
}

/** Opens what all other rooms need: the store, the server's id, its certificate, and its tokens. */
async function openAuthority(
  rooms: AsyncDisposableStack,
  settings: () => Config,
  log: Log,
  now: () => number,
): Promise<{ store: Store; serverId: string; certificate: TlsCertificate; authority: Authority }> {
  const { paths, tokens, server, store: kept } = settings();
  const { hostname } = server;
  const store = rooms.use(await openStore({ url: kept.url, log }));
  const serverId = server.id ?? (await keptServerId(store));
  const folder = paths.pki;
  const certificate = rooms.use(await TlsCertificate.open({ folder, serverId, hostname, now, log }));
  const keys = await loadKeys({
    folder,
    settings: { ...tokens, longestLifetimeSeconds: longestLifetime(tokens) },
    pki: certificate.pki,
    nowMs: now(),
  });
  const common = { store, keys, serverId, hostname, now };
  const authority = rooms.use(await Authority.open({ ...common, settings: () => settings().tokens }));
  return { store, serverId, certificate, authority };
}

/** Opens the rooms of the users' programs: links, sessions, and revocation. */
async function openPrograms(
  rooms: AsyncDisposableStack,
  settings: () => Config,
  parts: Pick<LinksOptions, 'store' | 'authority' | 'cgroups' | 'now' | 'log'> & {
    readonly roles: Roles;
    readonly sudo?: SudoStarter | undefined;
    readonly eligible: () => EligibleSettings;
  },
): Promise<{ links: Links; sessions: Sessions; revocation: Revocation }> {
  const { roles, sudo, eligible, ...common } = parts;
  const { paths, login } = settings();
  const byHand = login.methods.includes('link');
  const links = rooms.use(
    await Links.open({
      ...common,
      linksFolder: paths.links,
      settings: () => ({ eligible: eligible(), byHand }),
      starter: () => (settings().links.sudo ? sudo : undefined),
    }),
  );
  const sessions = rooms.use(await Sessions.open({ ...common, links, settings: () => settings().sessions }));
  const revocation = rooms.use(
    await Revocation.open({
      ...common,
      links,
      sessions,
      roles,
      settings: () => ({ ...settings().sessions, ...settings().links }),
    }),
  );
  return { links, sessions, revocation };
}

/**
 * Returns the server's id, which is created at the first start and stored: it is the issuer of every
 * token.
 */
async function keptServerId(store: Store): Promise<string> {
  const kept = await store.read((db) => getMeta(db, 'server_id'));
  if (kept !== undefined) return kept;
  const made = `lk-${randomBytes(8).toString('hex')}`;
  await store.commit((tx) => setMeta(tx, 'server_id', made));
  return made;
}

/** Explains to an administrator why an address cannot be listened on; returns other errors unchanged. */
function listenProblem(error: unknown, { host, port }: ListenAddress): unknown {
  const why = {
    EADDRINUSE: 'is in use. Stop the program that listens there, or choose another',
    EACCES: 'needs privileges that this user does not have. Choose a port from 1024 on',
    EADDRNOTAVAIL: 'is not an address of this host. Choose another',
  }[codeOf(error) ?? ''];
  if (why === undefined) return error;
  return new AppError('CONFIG_INVALID', `api.listen: ${host} port ${port} ${why}`, { cause: error });
}

/** Returns host:port to connect to from this host: loopback when the server listens on all addresses. */
function dialled({ host, port }: ListenAddress): string {
  return withPort(isEveryAddress(host) ? '127.0.0.1' : host, port);
}

function listensOn({ host, port }: ListenAddress): string {
  if (!isEveryAddress(host)) return withPort(host, port);
  return `all ${host === '::' ? 'addresses' : 'IPv4 addresses'}, port ${port}`;
}

function isEveryAddress(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

function withPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
