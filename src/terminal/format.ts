/** Formats numbers and lists as text. */

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;
const STEP = 1024;
const MS_PER_SECOND = 1000;
const SECONDS_PER_MINUTE = 60;
const MINUTES_PER_HOUR = 60;
const SHORT_BELOW = 9.95;

/** "1 token", "2,000 tokens". */
export function count(many: number, one: string, more = `${one}s`): string {
  return `${many.toLocaleString('en')} ${many === 1 ? one : more}`;
}

/** "a, b and c"; '' for none. */
export function listed(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`;
}

/** "112 MiB", "1.4 GiB". */
export function size(bytes: number): string {
  let value = bytes / STEP;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  return `${value < SHORT_BELOW && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** "0.4 s", "42 s", "12 min", "3.5 h". */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / MS_PER_SECOND;
  if (seconds < SECONDS_PER_MINUTE - 0.5) return `${short(seconds)} s`;
  const minutes = seconds / SECONDS_PER_MINUTE;
  return minutes < MINUTES_PER_HOUR - 0.5
    ? `${Math.round(minutes)} min`
    : `${short(minutes / MINUTES_PER_HOUR)} h`;
}

/** One digit after the point below ten. */
function short(value: number): string {
  return value < SHORT_BELOW ? value.toFixed(1) : `${Math.round(value)}`;
}
