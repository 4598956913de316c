/**
 * Every setting there is: its name, kind and default. A key that is not here does not work yet and
 * is refused. `api.listen` is also LATCHKEY_API_LISTEN.
 */

import type { Mode } from '../paths/paths.ts';
import {
  absolutePath,
  dialledHost,
  duration,
  durations,
  groupNames,
  hostName,
  integer,
  listenAddress,
  oneOf,
  orAuto,
  orNothing,
  type SettingType,
  serverId,
  size,
  someOf,
  storeUrl,
  strongSecret,
  userNames,
  type ValueOf,
  yesOrNo,
} from './setting-types.ts';

export interface Setting<T> {
  readonly kind: SettingType<T>;
  /** The default as it would be written in the file. */
  readonly fallback: (mode: Mode) => unknown;
}

function setting<T>(kind: SettingType<T>, fallback: unknown): Setting<T> {
  return { kind, fallback: () => fallback };
}

/** The authentication methods (F7) that give tokens so far. */
const METHODS = ['web-ssh', 'link', 'link-daemon', 'local'] as const;

export const SETTINGS = {
  'server.id': setting(orAuto(serverId), 'auto'),
  'server.hostname': setting(orAuto(hostName), 'auto'),
  'api.listen': {
    kind: listenAddress,
    fallback: (mode: Mode) => (mode === 'system' ? '[::]:7300' : '127.0.0.1:7300'),
  },
  'paths.state': setting(orAuto(absolutePath), 'auto'),
  'paths.run': setting(orAuto(absolutePath), 'auto'),
  'store.url': setting(storeUrl, 'sqlite:latchkey.db'),
  'tokens.algorithm': setting(oneOf('ES256', 'EdDSA'), 'ES256'),
  'tokens.lifetime': setting(duration, '8h'),
  'tokens.lifetimes': setting(durations(...METHODS), {}),
  'tokens.signing_key': setting(orNothing(absolutePath), null),
  'tokens.secret': setting(orNothing(strongSecret), null),
  'login.methods': setting(someOf('ssh', 'link'), ['ssh', 'link']),
  'login.ssh.host': setting(dialledHost, '127.0.0.1'),
  'login.ssh.port': setting(integer(1, 65_535), 22),
  'login.ssh.host_keys': setting(absolutePath, '/etc/ssh/ssh_host_*_key.pub'),
  'links.sudo': setting(yesOrNo, true),
  'links.limits.processes': setting(integer(16, 4_194_304), 4_096),
  'links.limits.memory': setting(orAuto(size(64 * 1024 ** 2, '64MiB')), 'auto'),
  'links.shutdown_on_logout': setting(yesOrNo, false),
  'links.eligible.min_uid': setting(integer(0, 4_294_967_294), 1000),
  'links.eligible.users': setting(userNames, []),
  'sessions.on_revoke': setting(oneOf('keep', 'end'), 'keep'),
  'sessions.output_limit': setting(size(64 * 1024, '64KiB'), '64MiB'),
  'sessions.retention': setting(duration, '7d'),
  'roles.admin.users': setting(userNames, []),
  'roles.admin.groups': setting(groupNames, []),
  'roles.manager.users': setting(userNames, []),
  'roles.manager.groups': setting(groupNames, []),
  'log.level': setting(oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'), 'info'),
  'log.format': setting(oneOf('auto', 'json', 'human'), 'auto'),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** Parsed values by name. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]['kind']> };

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** `tokens.signing_key` -> `LATCHKEY_TOKENS_SIGNING_KEY` */
export function variableOf(name: SettingName): string {
  return `LATCHKEY_${name.replaceAll('.', '_').toUpperCase()}`;
}
