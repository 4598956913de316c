/** Finds the changes of a reloaded configuration that only a restart can apply. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './settings/config-type.ts';
import { Secret } from './settings/secret.ts';
import { SETTING_BY_NAME, type SettingName } from './settings/settings.ts';

/** Returns the settings that differ between `before` and `after` and that only a restart can change. */
export function waitingForRestart(before: Config, after: Config): SettingName[] {
  const written = (config: Config, name: SettingName): unknown => {
    const { raw } = config.entries[name];
    return raw instanceof Secret ? raw.reveal() : raw;
  };
  return [...SETTING_BY_NAME]
    .filter(
      ([name, { reload }]) => !reload && !isDeepStrictEqual(written(before, name), written(after, name)),
    )
    .map(([name]) => name);
}
