/**
 * One setting, and what is derived from a table of settings: the name and variable of each, and the type of
 * their values.
 */
import type { Mode } from '../paths/paths.ts';
import type { SettingType } from './setting-types.ts';

export interface Setting<T = unknown, Unit extends string = string> {
  readonly type: SettingType<T, Unit>;
  /** The default as it would be written in the file; a function where it depends on the mode. */
  readonly default: unknown;
  /** One or two sentences for the manual page and the configuration file of the package. */
  readonly text: string;
  /** True when a reload applies a change; otherwise only a restart does. */
  readonly reload: boolean;
}

/** Settings in sections, as the file has them. Keys are in snake_case. */
export interface SettingTable {
  readonly [key: string]: Setting | SettingTable;
}

/** `'tokens.lifetime' | 'log.level' | …` */
export type NameIn<Table> = {
  [Key in keyof Table & string]: Table[Key] extends Setting ? Key : `${Key}.${NameIn<Table[Key]>}`;
}[keyof Table & string];

/**
 * The values of a table's settings, in the same sections. A member is named after its key and its unit:
 * `sessions.output_limit`, a size, is `sessions.outputLimitBytes`.
 */
export type Resolved<Table> = {
  readonly [Key in keyof Table & string as Member<Key, Table[Key]>]: Table[Key] extends Setting<infer T>
    ? T
    : Resolved<Table[Key]>;
};

type Member<Key extends string, Entry> =
  Entry extends Setting<unknown, infer Unit> ? `${CamelCase<Key>}${Unit}` : CamelCase<Key>;

type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** Returns the name that `Member` gives to a setting or section. */
export function memberOf(key: string, entry: Setting | SettingTable): string {
  const camelCase = key.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return isSetting(entry) ? `${camelCase}${entry.type.unit}` : camelCase;
}

/** Every setting of `table` by its name, in the table's order. */
export function settingsIn<Table extends SettingTable>(table: Table): ReadonlyMap<NameIn<Table>, Setting> {
  return new Map(leaves(table, '')) as ReadonlyMap<string, Setting> as ReadonlyMap<NameIn<Table>, Setting>;
}

function leaves(table: SettingTable, prefix: string): [string, Setting][] {
  return Object.entries(table).flatMap(([key, entry]) =>
    isSetting(entry) ? [[`${prefix}${key}`, entry] as [string, Setting]] : leaves(entry, `${prefix}${key}.`),
  );
}

/** Distinguishes a setting from a section, which may have a key `text`, too, but not as a string. */
export function isSetting(entry: Setting | SettingTable): entry is Setting {
  return typeof entry.text === 'string';
}

/** The default in `mode`, as it would be written in the file. */
export function defaultOf(setting: Setting, mode: Mode): unknown {
  return typeof setting.default === 'function' ? setting.default(mode) : setting.default;
}

/** `tokens.signing_key` -> `LATCHKEY_TOKENS_SIGNING_KEY` */
export function variableOf(name: string): string {
  return `LATCHKEY_${name.replaceAll('.', '_').toUpperCase()}`;
}
