/** The control API over a real authority, store and CA; sessions and links are given by the test. */

import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2, type Settings } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Roles, type RolesOptions } from '../../../src/accounts/roles.ts';
import { Activity } from '../../../src/activity/activity.ts';
import type { Api, ApiOptions } from '../../../src/api/transport/server.ts';
import { startApi } from '../../../src/api/transport/server.ts';
import { AuditLog } from '../../../src/audit/audit-log.ts';
import { Authority, type MintRequest } from '../../../src/authority/authority.ts';
import { loadKeys } from '../../../src/authority/keys/keys.ts';
import { loadPki, type Pki } from '../../../src/authority/keys/pki.ts';
import { type Client, type ConnectOptions, connect } from '../../../src/client/connect/connect.ts';
import { Feed } from '../../../src/feed.ts';
import { createLog, type LogTarget } from '../../../src/log/log.ts';
import { RefusalLog } from '../../../src/log/refusal-log.ts';
import { Revocation } from '../../../src/revocation/revocation.ts';
import { openStore, type Store } from '../../../src/store/open.ts';
import { callHeaders, grpcStatus } from '../clients/raw-call.ts';
import { noDependents } from './no-dependents.ts';

const NO_USE = {
  usage: async () => ({ top: [], links: 0, measured: 0, cpuShare: 0, memoryBytes: 0, sessions: 0 }),
};

export const SERVER_ID = 'served-api';

export interface ServedOptions extends Pick<ApiOptions, 'callLimits' | 'connectionLimits'> {
  readonly links?: ApiOptions['links'];
  readonly sessions?: ApiOptions['sessions'];
  readonly logins?: (authority: Authority) => ApiOptions['logins'];
  /** Logins that are administrators and managers. */
  readonly admins?: readonly string[];
  readonly managers?: readonly string[];
  /** Folder of another server, to serve a second time. */
  readonly folder?: string;
  readonly port?: number;
  readonly serverId?: string;
  /** Time by which the server's clock is ahead of the client's. */
  readonly clockAheadMs?: number;
  /** Receives the log; by default `logged` does. */
  readonly log?: LogTarget;
}

/** A served API with all its parts. Disposing ends all of them and removes its folder. */
export class ServedApi implements AsyncDisposable {
  readonly folder: string;
  readonly pki: Pki;
  readonly authority: Authority;
  readonly revocation: Revocation;
  readonly logged: string[];
  readonly #api: Api;
  readonly #store: Store;

  private constructor(parts: {
    folder: string;
    pki: Pki;
    authority: Authority;
    revocation: Revocation;
    logged: string[];
    api: Api;
    store: Store;
  }) {
    this.folder = parts.folder;
    this.pki = parts.pki;
    this.authority = parts.authority;
    this.revocation = parts.revocation;
    this.logged = parts.logged;
    this.#api = parts.api;
    this.#store = parts.store;
  }

  static async start(options: ServedOptions = {}): Promise<ServedApi> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'latchkey-api-'));
    const logged: string[] = [];
    const now = (): number => Date.now() + (options.clockAheadMs ?? 0);
    const target = options.log ?? { write: (line: string) => void logged.push(line) };
    const log = createLog({ level: 'info', format: 'json' }, target);
    const serverId = options.serverId ?? SERVER_ID;
    const common = { folder: join(folder, 'pki'), serverId };
    const pki = await loadPki({
      ...common,
      names: ['localhost'],
      addresses: ['127.0.0.1', '::1'],
      nowMs: Date.now(),
    });
    const keys = await loadKeys({ folder: common.folder, settings: { algorithm: 'ES256' }, pki });
    const store = await openStore({ url: `sqlite:${join(folder, 'test.db')}` });
    const settings = { lifetimeSeconds: 3600, lifetimes: {} };
    const authority = await Authority.open({
      store,
      keys,
      serverId,
      hostname: 'here',
      settings: () => settings,
      now,
    });
    const members = membersOf(options);
    const roles = new Roles({ members: () => members });
    const below = noDependents();
    const revocation = await Revocation.open({
      authority,
      ...below,
      roles,
      audit: new AuditLog({ log }),
      settings: () => ({ onRevoke: 'keep', shutdownOnLogout: false }),
      log,
    });
    const info = {
      serverId,
      hostname: 'here',
      version: '0',
      mode: 'self',
      startedAt: new Date(),
    } as const;
    const listen = { host: '127.0.0.1', port: options.port ?? 0 };
    const { links = noLinks(), sessions = noSessions(), ...rest } = options;
    const logins = options.logins?.(authority) ?? noLogins();
    const activity = new Activity({ authority, links: NO_USE, sessions, now });
    const refusals = new RefusalLog(log, { onRefusal: activity.refused });
    const api = await startApi({
      listen,
      pki,
      authority,
      links,
      sessions,
      settings: () => ({ 'log.level': 'info' }),
      now,
      revocation,
      roles,
      logins,
      info,
      log,
      refusals,
      activity,
      ...limitsOf(rest),
    });
    return new ServedApi({ folder, pki, authority, revocation, logged, api, store });
  }

  get port(): number {
    return this.#api.addresses[0]?.port ?? 0;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Issues a token of `login`. */
  async token(login: string, more: Partial<MintRequest> = {}): Promise<string> {
    return (await this.authority.mint({ login, authMethod: 'link', ...more })).token;
  }

  /** Connects the project's own client, by default with a new token of `login`. */
  async client(login?: string, more: Partial<ConnectOptions> = {}): Promise<Client> {
    const token = login === undefined ? {} : { token: await this.token(login) };
    const env = { HOME: this.folder, LATCHKEY_CA: join(this.folder, 'pki', 'ca.pem') };
    return connect({ server: this.address, env, ...token, ...more });
  }

  /** Opens a bare HTTP/2 connection, for calls that no library makes. */
  http2(settings: Settings = {}): ClientHttp2Session {
    const session = connectHttp2(`https://localhost:${this.port}`, { ca: this.pki.caPem, settings });
    session.on('error', () => {});
    return session;
  }

  /**
   * Makes one raw call on a connection of its own; resolves with its gRPC status. With `keepsOpen`, the
   * request does not end after `body`.
   */
  async callOnce(
    method: string,
    body: Buffer,
    { headers = {}, keepsOpen = false }: { headers?: Record<string, string>; keepsOpen?: boolean } = {},
  ): Promise<number | undefined> {
    const session = this.http2();
    const stream = session.request(callHeaders(method, headers));
    if (!keepsOpen) stream.end(body);
    else if (body.length > 0) stream.write(body);
    const status = await grpcStatus(stream);
    session.destroy();
    return status;
  }

  replaceCertificate: Api['replaceCertificate'] = (certificate) => this.#api.replaceCertificate(certificate);

  /** Stops serving and keeps the folder. */
  async stop(): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
    await this.revocation[Symbol.asyncDispose]();
    this.authority[Symbol.dispose]();
    await this.#store[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}

function membersOf({ admins = [], managers = [] }: ServedOptions): ReturnType<RolesOptions['members']> {
  return {
    admin: { users: [...admins], groups: [] },
    manager: { users: [...managers], groups: [] },
  };
}

function limitsOf({
  callLimits,
  connectionLimits,
}: ServedOptions): Pick<ApiOptions, 'callLimits' | 'connectionLimits'> {
  return { ...(callLimits && { callLimits }), ...(connectionLimits && { connectionLimits }) };
}

function noLinks(): ApiOptions['links'] {
  return {
    changes: new Feed(),
    allowsManualLinks: true,
    register: async () => ({ jti: 'j' }),
    list: async () => ({ items: [], nextPageToken: '', total: 0 }),
    start: () => Promise.reject(new Error('no links here')),
  };
}

function noLogins(): ApiOptions['logins'] {
  return {
    usable: () => [],
    begin: () => {
      throw new Error('no logins here');
    },
  };
}

function noSessions(): ApiOptions['sessions'] {
  const list: ApiOptions['sessions']['list'] = async () => ({ items: [], nextPageToken: '', total: 0 });
  return { list } as never;
}
