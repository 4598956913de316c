/**
 * The composition root: builds every room from the configuration, each with just what it uses, and
 * starts them in order. Disposing the daemon stops them in reverse; links and sessions go on without it.
 */
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { Roles } from './accounts/roles.ts';
import { startApi } from './api/server.ts';
import { Authority } from './authority/authority.ts';
import { loadKeys } from './authority/keys.ts';
import { longestLifetime } from './authority/lifetimes.ts';
import { loadPki } from './authority/pki.ts';
import type { Config, ListenAddress } from './config/config.ts';
import { makeFolders } from './config/folders.ts';
import { removeServerFile, writeServerFile } from './config/run-files.ts';
import { codeOf } from './errno.ts';
import { AppError } from './errors.ts';
import { Links } from './links/links.ts';
import { LocalAdmin } from './local-admin.ts';
import type { Log } from './log.ts';
import { openLogins } from './logins.ts';
import { Sessions } from './sessions/sessions.ts';
import { getMeta, setMeta } from './store/meta.ts';
import { openStore, type Store } from './store/open.ts';
import { VERSION } from './version.ts';

export interface Daemon extends AsyncDisposable {
  readonly serverId: string;
  /** host:port to dial from this host. */
  readonly address: string;
  /** SHA-256 of the CA's certificate, `AA:BB:…`. */
  readonly fingerprint: string;
}

/** Starts everything; resolves when calls are answered. Throws CONFIG_INVALID for what the administrator can mend. */
export async function startDaemon(config: Config, log: Log, now: () => number = Date.now): Promise<Daemon> {
  await using rooms = new AsyncDisposableStack();
  const { paths, tokens } = config;
  const { hostname } = config.server;

  makeFolders(paths);
  const store = rooms.use(await openStore({ url: config.store.url, log }));
  const serverId = config.server.id ?? (await keptServerId(store));
  const pki = await loadPki({ folder: paths.pki, serverId, nowMs: now(), ...namesOfHost(hostname) });
  const keys = await loadKeys({
    folder: paths.pki,
    settings: { ...tokens, longestLifetimeSeconds: longestLifetime(tokens) },
    pki,
    nowMs: now(),
  });

  const authority = rooms.use(
    await Authority.open({ store, keys, serverId, hostname, settings: tokens, now, log }),
  );
  const roles = new Roles({
    ...config.roles,
    now,
    onFailure: (error) => log.warn({ err: error }, 'the user database did not answer about groups'),
  });
  const eligible = { ...config.links.eligible, self: config.mode === 'self' };
  const { shutdownOnLogout } = config.links;
  const { onRevoke, outputLimitBytes, retentionMs } = config.sessions;
  const linksFolder = paths.links;
  const links = rooms.use(
    await Links.open({ store, authority, linksFolder, eligible, shutdownOnLogout, onRevoke, now, log }),
  );
  const sessions = rooms.use(
    await Sessions.open({ store, authority, links, outputLimitBytes, retentionMs, now, log }),
  );

  const info = { serverId, hostname, version: VERSION, mode: config.mode, startedAt: new Date(now()) };
  const logins = openLogins({ config, authority, links, eligible, log });
  const { listen } = config.api;
  const served = startApi({ listen, pki, authority, links, sessions, roles, logins, info, log });
  const api = rooms.use(await served.catch((error: unknown) => Promise.reject(listenProblem(error, listen))));
  const address = dialled(api.address);

  rooms.use(await LocalAdmin.open({ authority, runFolder: paths.run, log }));
  const { mode } = config;
  const { pid } = process;
  writeServerFile(paths.run, {
    serverId,
    hostname,
    address,
    ca: pki.caPem,
    keys: authority.jwks(),
    version: VERSION,
    mode,
    pid,
  });
  rooms.defer(() => removeServerFile(paths.run));

  const running = rooms.move();
  return {
    serverId,
    address,
    fingerprint: pki.fingerprint,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Made at first start and kept: it is the issuer of every token. */
async function keptServerId(store: Store): Promise<string> {
  const kept = await store.read((db) => getMeta(db, 'server_id'));
  if (kept !== undefined) return kept;
  const made = `lk-${randomBytes(8).toString('hex')}`;
  await store.commit((tx) => setMeta(tx, 'server_id', made));
  return made;
}

/** What the TLS certificate vouches for. */
function namesOfHost(hostname: string): { names: string[]; addresses: string[] } {
  const [short = hostname] = hostname.split('.');
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return { names: [hostname, short], addresses: addresses.map(({ address }) => address) };
}

/** What an administrator can do about an address that cannot be listened on; other errors as they are. */
function listenProblem(error: unknown, { host, port }: ListenAddress): unknown {
  const why = {
    EADDRINUSE: 'is in use. Stop what listens there, or choose another',
    EACCES: 'needs privileges that this user has not. Choose a port from 1024 on',
    EADDRNOTAVAIL: 'is no address of this host. Choose another',
  }[codeOf(error) ?? ''];
  if (why === undefined) return error;
  return new AppError('CONFIG_INVALID', `api.listen: ${host} port ${port} ${why}`, { cause: error });
}

/** An address that listens on every interface is dialled on loopback. */
function dialled({ host, port }: ListenAddress): string {
  const local = { '::': '127.0.0.1', '0.0.0.0': '127.0.0.1' }[host] ?? host;
  return local.includes(':') ? `[${local}]:${port}` : `${local}:${port}`;
}
