/** Errors for an invalid configuration, each one line: place, key, value found, value expected, next step. */
import { AppError } from '../errors.ts';
import { inertJsonText } from '../inert.ts';
import { weakness } from './settings/secret-strength.ts';
import type { SettingType } from './settings/setting-types.ts';
import type { Entry } from './sources/entry.ts';

const SHOWN_LENGTH = 60;

export function invalid(message: string, cause?: unknown): AppError {
  return new AppError('CONFIG_INVALID', message, { cause });
}

/** Makes the error for a setting whose value in `entry` is invalid: one for which `isValid` is false. */
export function badValue(
  name: string,
  type: SettingType<unknown, string>,
  entry: Entry,
  isValid: (raw: unknown) => boolean,
): AppError {
  const found = type.secret
    ? describeSecret(entry.raw)
    : (badElement(entry.raw, isValid) ?? describe(entry.raw));
  return invalid(`${entry.where}: ${name} is ${found}; expected ${type.expected}. ${remedy(entry)}`);
}

/** Returns the next step for an invalid value. */
export function remedy({ source }: Entry): string {
  if (source === 'environment') return 'Correct the variable or unset it';
  return source === 'flag' ? 'Correct the flag' : 'Correct that line';
}

/** Describes a value from outside in a few visible characters. */
export function describe(raw: unknown): string {
  if (raw === null || raw === undefined) return 'empty';
  if (Array.isArray(raw)) return `the list ${brief(raw)}`;
  if (typeof raw === 'string') return brief(raw);
  return typeof raw === 'object' ? `the map ${brief(raw)}` : `the ${typeof raw} ${brief(raw)}`;
}

/** Describes the first element that is invalid by itself, of several. */
function badElement(raw: unknown, isValid: (raw: unknown) => boolean): string | undefined {
  if (!Array.isArray(raw) || raw.length < 2) return undefined;
  const at = raw.findIndex((one) => !isValid([one]));
  return at < 0 ? undefined : `the list with ${brief(raw[at])}`;
}

function brief(raw: unknown): string {
  const text = inertJsonText(JSON.stringify(raw) ?? String(raw));
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

/** Describes what is wrong with a secret without quoting any of it. */
function describeSecret(raw: unknown): string {
  if (typeof raw !== 'string') return 'a [secret] that is not text (put it in quotes)';
  return `a [secret] that ${weakness(raw) ?? 'cannot be used'}`;
}
