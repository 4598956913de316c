/** What a daemon that reads its configuration again can take over, and what has to wait for a restart. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './settings/config-type.ts';
import { Secret } from './settings/secret.ts';
import type { SettingName } from './settings/settings.ts';

/** Addresses, places and keys: what the daemon has built everything else on. */
const FIXED_AT_START: readonly SettingName[] = [
  'server.id',
  'server.hostname',
  'api.listen',
  'paths.state',
  'paths.run',
  'store.url',
  'tokens.algorithm',
  'tokens.signing_key',
  'tokens.secret',
  'login.methods',
  'login.ssh.host',
  'login.ssh.port',
  'login.ssh.host_keys',
  'log.format',
];

/** The settings that `after` gives in other words than `before`, and that only a restart can change. */
export function waitingForRestart(before: Config, after: Config): SettingName[] {
  const written = (config: Config, name: SettingName): unknown => {
    const { raw } = config.entries[name];
    return raw instanceof Secret ? raw.reveal() : raw;
  };
  return FIXED_AT_START.filter((name) => !isDeepStrictEqual(written(before, name), written(after, name)));
}
