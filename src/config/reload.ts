/** Which settings are in force after a reload, and which of its changes only a restart can apply. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './settings/config-type.ts';
import { Secret } from './settings/secret.ts';
import { SETTING_BY_NAME, type SettingName } from './settings/settings.ts';
import { shownValues } from './show.ts';

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

/**
 * Returns the settings in force, as `config show` prints them, of a server that was started with `started`
 * and then reloaded with `current`.
 */
export function settingsInForce(started: Config, current: Config): Record<string, string> {
  const reloaded = shownValues(current);
  const inForce = [...shownValues(started)].map(([name, value]) =>
    SETTING_BY_NAME.get(name)?.reload ? [name, reloaded.get(name) ?? value] : [name, value],
  );
  return Object.fromEntries(inForce);
}
