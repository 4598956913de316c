/** Formats usage of CPU. */

/** Formats a share of one core as "3%" or "0.2%"; "" when unknown. */
export function share(cores: number | undefined): string {
  if (cores === undefined) return '';
  const percent = cores * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)}%`;
}
