/** Merges the sources, the later over the earlier, and turns what is written into values. */

import { badValue } from '../config-error.ts';
import type { Surroundings } from '../paths/paths.ts';
import { Secret } from '../settings/secret.ts';
import {
  defaultOf,
  isSetting,
  memberOf,
  type NameIn,
  type Resolved,
  type Setting,
  type SettingTable,
  settingsIn,
} from '../settings/setting.ts';
import type { Entry, SettingEntry } from './entry.ts';

/** The values of a table's settings, in its sections; `entries` has by name what was written, and where. */
export interface ResolvedSettings<Table> {
  readonly values: Resolved<Table>;
  readonly entries: Readonly<Record<NameIn<Table>, SettingEntry>>;
}

type Given = ReadonlyMap<string, Entry> | undefined;

/** Throws CONFIG_INVALID on the first value that does not fit, overridden ones included. */
export function resolveSettings<Table extends SettingTable>(
  table: Table,
  around: Surroundings,
  given: readonly Given[],
): ResolvedSettings<Table> {
  const entries: Record<string, SettingEntry> = {};
  for (const [name, setting] of settingsIn(table)) {
    const raw = defaultOf(setting, around.mode);
    const written = given.flatMap((entriesOfOne) => entriesOfOne?.get(name) ?? []);
    for (const entry of [{ raw, source: 'default', where: 'default' } as const, ...written]) {
      entries[name] = read(name, setting, entry, around);
    }
  }
  // The loop goes over every name, and each type reads a value of its own.
  return { values: inSections(table, entries), entries } as ResolvedSettings<Table>;
}

function read(name: string, { type }: Setting, entry: Entry, around: Surroundings): SettingEntry {
  const result = type.read(entry.raw, around);
  if (!result.success) throw badValue(name, type, entry, (raw) => type.read(raw, around).success);
  const value = result.data;
  return { ...entry, raw: value instanceof Secret ? value : entry.raw, value };
}

function inSections(table: SettingTable, entries: Record<string, SettingEntry>, prefix = ''): object {
  const members = Object.entries(table).map(([key, one]) => {
    const name = `${prefix}${key}`;
    const value = isSetting(one) ? entries[name]?.value : inSections(one, entries, `${name}.`);
    return [memberOf(key, one), value];
  });
  return Object.fromEntries(members);
}
