/** Formats usage of memory and CPU. */

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;
const STEP = 1024;

/** "112 MiB", "1.4 GiB". */
export function memory(bytes: number): string {
  let value = bytes / STEP;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Formats a share of one core as "3%" or "0.2%"; "" when unknown. */
export function share(cores: number | undefined): string {
  if (cores === undefined) return '';
  const percent = cores * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)}%`;
}
