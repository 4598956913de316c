/** The rooms that links need, all real, as the server opens them. */
import { join } from 'node:path';
import { AccountChecks } from '../../../src/accounts/account-checks.ts';
import type { EligibleSettings } from '../../../src/accounts/eligible.ts';
import type { Role, RoleClaims } from '../../../src/accounts/roles.ts';
import { Activity } from '../../../src/activity/activity.ts';
import { type ApiOptions, startApi } from '../../../src/api/transport/server.ts';
import { AuditLog } from '../../../src/audit/audit-log.ts';
import { Authority } from '../../../src/authority/authority.ts';
import { loadKeys } from '../../../src/authority/keys/keys.ts';
import { loadPki, type Pki } from '../../../src/authority/keys/pki.ts';
import type { IdleRule } from '../../../src/config/settings/idle-rule.ts';
import type { Log } from '../../../src/log/log.ts';
import { RefusalLog } from '../../../src/log/refusal-log.ts';
import { Revocation } from '../../../src/revocation/revocation.ts';
import { Sessions } from '../../../src/sessions/sessions.ts';
import { openStore, type Store } from '../../../src/store/open.ts';
import type { CgroupTree } from '../../../src/supervisor/cgroups/cgroup-tree.ts';
import { Links } from '../../../src/supervisor/links.ts';
import type { CleanupLink } from '../../../src/supervisor/starters/cleanup-link.ts';
import type { Starter } from '../../../src/supervisor/starters/starter.ts';

/** Settings of a server that a test may change. */
export interface RoomsOptions {
  readonly onRevoke?: 'keep' | 'end';
  readonly shutdownOnLogout?: boolean;
  readonly manualLinks?: boolean;
  readonly lifetimes?: Record<string, number>;
  readonly retentionMs?: number;
  readonly outputLimitBytes?: number;
  readonly giveUpMs?: number;
  readonly maxKept?: number;
  /** May be replaced while the server runs. */
  idleRules?: readonly IdleRule[];
  /** Groups of everybody. */
  groups?: readonly string[] | Promise<readonly string[]>;
  /** The roles of logins. */
  readonly roles?: Readonly<Record<string, Role>>;
  /** Starts link daemons for users. */
  readonly starter?: Starter;
  /** Ends sessions of users without a link. */
  readonly cleanup?: CleanupLink;
  /** The cgroups of links and sessions. */
  readonly cgroups?: Pick<
    CgroupTree,
    'ofLink' | 'ofSession' | 'sessionOf' | 'sessions' | 'removeEmpty' | 'oomKillsOf'
  >;
}

/** The host of a server: what is there before the server starts, and goes on without it. */
export interface RoomsHost {
  readonly serverId: string;
  /** Folder with the store, and with the folder `pki`. */
  readonly folder: string;
  readonly linksFolder: string;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Returns the rules of eligibility in force. */
  readonly eligible: () => EligibleSettings;
  readonly log: Log;
}

/** The rooms of a server from its start to its stop. */
export interface Rooms extends AsyncDisposable {
  readonly store: Store;
  readonly authority: Authority;
  readonly links: Links;
  readonly sessions: Sessions;
  readonly revocation: Revocation;
  /** Address of the API, host:port. */
  readonly address: string;
  /** Certificate of the authority, as PEM. */
  readonly ca: string;
}

const NO_RULES: readonly IdleRule[] = [];

export async function openRooms(options: RoomsOptions, host: RoomsHost): Promise<Rooms> {
  await using opening = new AsyncDisposableStack();
  const { now, log, eligible } = host;
  const url = `sqlite:${join(host.folder, 'latchkey.db')}`;
  const store = opening.use(await openStore({ url, reserveBytes: 4096 }));
  const { pki, ...authorities } = await authorityOf(options, host, store);
  const authority = opening.use(authorities.authority);
  const common = { store, authority, now, log };
  const accounts = new AccountChecks({ settings: () => ({ eligible: eligible() }), now });
  const { manualLinks = true, starter, cleanup } = options;
  const cgroups = options.cgroups as CgroupTree | undefined;
  const links = opening.use(
    await Links.open({
      ...common,
      accounts,
      linksFolder: host.linksFolder,
      settings: () => ({ eligible: eligible(), manualLinks }),
      starter: () => starter,
      cleanup,
      cgroups,
    }),
  );
  const { retentionMs = 3_600_000, outputLimitBytes = 1024 * 1024 } = options;
  const { giveUpMs = 10_000, maxKept = 10_000 } = options;
  const kept = { retentionMs, outputLimitBytes };
  const roles = {
    roleOf: ({ sub }: RoleClaims): Role => options.roles?.[sub] ?? 'user',
    groupsOf: async () => new Set(await options.groups),
  };
  const owners = { roles, accounts, ownUid: -1 };
  const sessions = opening.use(
    await Sessions.open({
      ...common,
      ...owners,
      links,
      settings: () => ({ ...kept, idleRules: options.idleRules ?? NO_RULES }),
      giveUpMs,
      maxKept,
    }),
  );
  const { shutdownOnLogout = false, onRevoke = 'keep' } = options;
  const revocation = opening.use(
    await Revocation.open({
      authority,
      links,
      sessions,
      accounts,
      roles,
      log,
      audit: new AuditLog({ log }),
      settings: () => ({ shutdownOnLogout, onRevoke }),
    }),
  );
  const rooms = { authority, links, sessions, revocation, roles, now };
  const api = opening.use(await serve(rooms, { pki, serverId: host.serverId }, opening));
  const opened = opening.move();
  return {
    store,
    authority,
    links,
    sessions,
    revocation,
    address: `127.0.0.1:${api.addresses[0]?.port}`,
    ca: pki.caPem,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Served = Pick<ApiOptions, 'roles' | 'now'> &
  Pick<Rooms, 'authority' | 'links' | 'sessions' | 'revocation'>;

function serve(
  rooms: Served,
  { pki, serverId }: { pki: Pki; serverId: string },
  owned: AsyncDisposableStack,
) {
  return startApi({
    ...rooms,
    pki,
    listen: { host: '127.0.0.1', port: 0 },
    settings: () => ({}),
    logins: { usable: () => [], begin: () => Promise.reject(new Error('no logins here')) as never },
    info: { serverId, hostname: 'here', version: '0', mode: 'self', startedAt: new Date() },
    log: silent,
    refusals: owned.use(new RefusalLog(silent)),
    activity: owned.use(new Activity(rooms)),
  });
}

async function authorityOf({ lifetimes = {} }: RoomsOptions, host: RoomsHost, store: Store) {
  const { serverId, now } = host;
  const folder = join(host.folder, 'pki');
  const names = { names: ['localhost'], addresses: ['127.0.0.1'] };
  const pki = await loadPki({ folder, serverId, ...names, nowMs: now() });
  const keys = await loadKeys({
    folder,
    settings: {
      algorithm: 'ES256',
      signingKey: undefined,
      secret: undefined,
      longestLifetimeSeconds: 3600,
    },
    pki,
    nowMs: now(),
  });
  const settings = { lifetimeSeconds: 3600, lifetimes };
  const authority = await Authority.open({
    store,
    now,
    keys,
    serverId,
    hostname: 'here',
    settings: () => settings,
  });
  return { authority, pki };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
