/**
 * The control API (DESIGN 5): gRPC over TLS 1.3, the only access from the network. Verifies the caller of
 * each call, shows callers only what they may see, and reports every error in one form. It contains no domain
 * logic.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Activity } from '../../activity/activity.ts';
import { ServerReflectionDefinition } from '../../generated/grpc/reflection/v1/reflection.ts';
import { HealthDefinition } from '../../generated/health/v1/health.ts';
import type { Log } from '../../log/log.ts';
import type { RefusalLog } from '../../log/refusal-log.ts';
import type { IdentityDeps } from '../pipeline/caller.ts';
import { type CallLimits, Limits } from '../pipeline/limits.ts';
import { RoleWatch } from '../pipeline/role-watch.ts';
import { type AuthDeps, authService } from '../services/auth.ts';
import { Health, healthService } from '../services/health.ts';
import { type LinkDeps, linkService } from '../services/link.ts';
import { reflectionService } from '../services/reflection.ts';
import { type SessionDeps, sessionService } from '../services/session.ts';
import { type Counts, type ServerInfo, type SystemDeps, systemService } from '../services/system.ts';
import { type TokenDeps, tokenService } from '../services/token.ts';
import type { Certificate, ConnectionLimits } from './connections.ts';
import { GrpcServer, type GrpcServerOptions } from './grpc-server.ts';
import type { Addresses, Listen } from './listeners.ts';

export interface ApiOptions {
  readonly listen: Listen;
  readonly pki: { readonly caPem: string; readonly tls: Certificate };
  readonly authority: GrpcServerOptions['authority'] & AuthDeps['authority'] & TokenDeps['authority'];
  readonly links: LinkDeps['links'] & AuthDeps['links'];
  readonly sessions: SessionDeps['sessions'];
  readonly revocation: TokenDeps['revocation'] & SystemDeps['revocation'];
  readonly roles: IdentityDeps['roles'];
  readonly logins: AuthDeps['logins'];
  readonly info: ServerInfo;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Returns the settings in force, by name. */
  readonly settings: () => Record<string, string>;
  readonly log: Log;
  readonly refusals: Pick<RefusalLog, 'add'>;
  readonly activity: Pick<Activity, 'called' | 'watch'>;
  /** Overrides of the limits in DESIGN 11, for tests. */
  readonly callLimits?: Partial<CallLimits>;
  readonly connectionLimits?: Partial<ConnectionLimits>;
}

export interface Api extends AsyncDisposable {
  /** The addresses that the server is bound to. */
  readonly addresses: Addresses;
  /** Uses a renewed certificate for new connections. */
  replaceCertificate(certificate: Certificate): void;
}

/** Serves until disposed of. Throws when the policy table does not match the methods. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { pki, authority, links, sessions, revocation, roles } = options;
  const { logins, info, settings, log, refusals, activity } = options;
  const limits = new Limits(options.callLimits);
  const published = [
    ...authService({
      authority,
      revocation,
      links,
      logins,
      serverId: info.serverId,
      caPem: pki.caPem,
      now: options.now,
    }),
    ...tokenService({ authority, revocation }),
    ...linkService({ links, revocation, limits }),
    ...sessionService({ sessions, revocation }),
    ...systemService({ info, count: () => countAll(options), settings, revocation, activity }),
  ];
  const names = [...new Set(published.map(({ path }) => path.slice(0, path.indexOf('/'))))];
  const health = new Health(names);
  const standard = [HealthDefinition.fullName, ServerReflectionDefinition.fullName];
  const methods = [...published, ...healthService(health), ...reflectionService([...names, ...standard])];
  await using owned = new AsyncDisposableStack();
  const roleWatch = owned.use(new RoleWatch(roles));
  const deps = { authority, roles, roleWatch, limits, ownUid: process.getuid?.() ?? -1 };
  const server = await GrpcServer.start({
    ...deps,
    methods,
    listen: options.listen,
    certificate: pki.tls,
    ...(options.connectionLimits && { connectionLimits: options.connectionLimits }),
    log,
    refusals,
    activity,
  });
  owned.use(server);
  owned.defer(async () => {
    health.stopServing();
    await nextTurn(); // watches of Health report it before they are aborted
  });
  const running = owned.move();
  return {
    addresses: server.connections.addresses,
    replaceCertificate: (certificate) => server.connections.replaceCertificate(certificate),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function countAll({ authority, links, sessions }: ApiOptions): Promise<Counts> {
  const [tokens, connected, running] = await Promise.all([
    authority.list({ pageSize: 1 }),
    links.list({ pageSize: 1 }),
    sessions.list({ login: '', seesAll: true }, { state: 'running', pageSize: 1 }),
  ]);
  return { tokens: tokens.total, links: connected.total, sessions: running.total };
}
