/** Durations as people write them: `90s`, `8h`, `7d`. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const LONGEST_SECONDS = 3_660 * 86_400;

/** Returns undefined when `text` is no duration, or longer than ten years. */
export function secondsIn(text: string): number | undefined {
  const [, amount, unit] = /^([1-9]\d{0,8})([smhdw])$/.exec(text) ?? [];
  const all = Number(amount) * (UNIT_SECONDS[unit ?? ''] ?? Number.NaN);
  return all <= LONGEST_SECONDS ? all : undefined;
}
