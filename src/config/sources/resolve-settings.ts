/** Puts the sources together, the later over the earlier, and turns what is written into values. */

import { badValue } from '../config-error.ts';
import type { Mode } from '../paths/paths.ts';
import { Secret } from '../settings/secret.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from '../settings/settings.ts';
import type { Entry } from './entry.ts';

/** Every setting's value, and what was written where to give it. */
export interface Resolved {
  readonly values: Settings;
  readonly entries: Readonly<Record<SettingName, Entry>>;
}

type Given = ReadonlyMap<SettingName, Entry> | undefined;

/** Throws CONFIG_INVALID on the first value that does not fit, overridden ones included. */
export function resolveSettings(mode: Mode, given: readonly Given[]): Resolved {
  const values: Partial<Record<SettingName, unknown>> = {};
  const entries: Partial<Record<SettingName, Entry>> = {};
  for (const name of SETTING_NAMES) {
    const fallback: Entry = { raw: SETTINGS[name].fallback(mode), source: 'default', where: 'default' };
    for (const entry of [fallback, ...given.map((entriesOfOne) => entriesOfOne?.get(name))]) {
      if (entry === undefined) continue;
      const value = parse(name, entry);
      values[name] = value;
      entries[name] = value instanceof Secret ? { ...entry, raw: value } : entry;
    }
  }
  // The loop goes over every name, and each kind's schema gives its own type.
  return { values: values as Settings, entries: entries as Record<SettingName, Entry> };
}

function parse(name: SettingName, entry: Entry): unknown {
  const result = SETTINGS[name].kind.schema.safeParse(entry.raw);
  if (!result.success) throw badValue(name, entry);
  return result.data;
}
