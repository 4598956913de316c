/** What the configuration is, once it has been read: the type that the daemon is built from. */
import type { LogFormat, LogLevel } from '../../log/log.ts';
import type { Mode, Paths } from '../paths/paths.ts';
import type { Entry } from '../sources/entry.ts';
import type { Secret } from './secret.ts';
import type { ListenAddress } from './setting-types.ts';
import type { SettingName } from './settings.ts';

/** What the whole program goes by; made once at start. */
export interface Config {
  readonly mode: Mode;
  /** The configuration file that was read; undefined when there is none. */
  readonly file: string | undefined;
  readonly server: {
    /** undefined: made at first start and kept. Lower-case letters, digits, `-` and `.`. */
    readonly id: string | undefined;
    readonly hostname: string;
  };
  readonly api: { readonly listen: ListenAddress };
  readonly paths: Paths;
  /** `sqlite:` and an absolute path. */
  readonly store: { readonly url: string };
  readonly tokens: {
    readonly algorithm: 'ES256' | 'EdDSA';
    readonly lifetimeSeconds: number;
    /** By `fastx/auth-method`, in seconds, where it differs from `lifetimeSeconds`. */
    readonly lifetimes: Readonly<Record<string, number>>;
    /** Path of a PEM private key. */
    readonly signingKey: string | undefined;
    readonly secret: Secret | undefined;
  };
  readonly login: {
    /** Which ways in are open. */
    readonly methods: readonly ('ssh' | 'link')[];
    /** The sshd that checks passwords; `hostKeys` is a pattern of its public host key files. */
    readonly ssh: { readonly host: string; readonly port: number; readonly hostKeys: string };
  };
  readonly links: {
    /** Whether sudo may start link daemons. */
    readonly sudo: boolean;
    /** What a link that sudo has started may use with all of its sessions, where cgroups can limit it. */
    readonly limits: { readonly processes: number; readonly memoryBytes: number };
    readonly shutdownOnLogout: boolean;
    readonly eligible: { readonly minUid: number; readonly users: readonly string[] };
  };
  readonly sessions: {
    readonly onRevoke: 'keep' | 'end';
    readonly outputLimitBytes: number;
    readonly retentionMs: number;
  };
  readonly roles: { readonly admin: RoleMembers; readonly manager: RoleMembers };
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** What was written for each setting, and where; a secret as a Secret. */
  readonly entries: Readonly<Record<SettingName, Entry>>;
}

/** `users` are logins; `groups` carry their source, as in `unix:wheel`. */
export interface RoleMembers {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}
