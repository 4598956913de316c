/**
 * `latchkey config`: every setting, its value and its source, for people and programs. Secrets are
 * hidden.
 */
import type { Config } from './settings/config-type.ts';
import type { SettingName } from './settings/settings.ts';
import type { SettingEntry, Source } from './sources/entry.ts';

/** Lines for a terminal, and the same as data for `--json`. */
export interface Shown {
  readonly lines: readonly string[];
  readonly json: object;
}

/** One setting as it is in force. */
export interface ShownSetting {
  readonly name: string;
  readonly value: unknown;
  readonly source: Source;
  /** File and line, or variable. */
  readonly where: string;
}

/** Reports a configuration that could be loaded as valid, with its file, mode and number of settings. */
export function configCheck(config: Config): Shown {
  const from = config.file ?? 'no file, defaults only';
  const set = shownSettings(config).filter(({ source }) => source !== 'default');
  const line = `The configuration is valid (${from}; ${config.mode} mode; ${set.length} set).`;
  return { lines: [line], json: { ok: true, mode: config.mode, file: config.file ?? null, set: set.length } };
}

/** All settings, defaults included. */
export function configShow(config: Config): Shown {
  const settings = shownSettings(config);
  const cells = settings.map(({ name, value, where }) => [name, text(value), where]);
  return {
    lines: aligned([['SETTING', 'VALUE', 'SOURCE'], ...cells]),
    json: { mode: config.mode, file: config.file ?? null, settings },
  };
}

/** Returns the value of each setting by name, as `config show` prints it. */
export function shownValues(config: Config): Map<SettingName, string> {
  const entries = Object.entries(config.entries) as [SettingName, SettingEntry][];
  return new Map(entries.map(([name, entry]) => [name, text(shownValue(entry))]));
}

function shownSettings(config: Config): ShownSetting[] {
  return Object.entries(config.entries).map(([name, entry]) => {
    const { source, where } = entry;
    return { name, value: shownValue(entry), source, where };
  });
}

/** Returns what was written, and for `auto` the name or path that it stands for. */
function shownValue({ raw, value }: SettingEntry): unknown {
  return raw === 'auto' && typeof value === 'string' ? value : raw;
}

function text(value: unknown): string {
  if (value === null) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(', ');
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) return pairs(value);
  return String(value);
}

function pairs(value: object): string {
  const entries = Object.entries(value);
  return entries.length === 0 ? '-' : entries.map(([key, one]) => `${key}=${one}`).join(', ');
}

/** Columns two spaces apart. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
