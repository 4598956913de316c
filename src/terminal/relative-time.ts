/** Formats times relative to now. */
const STEPS = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3600 },
  { unit: 'min', seconds: 60 },
  { unit: 's', seconds: 1 },
] as const;

/**
 * Returns a text such as "3 min ago", "in 7 h" or "now". `units` is the most units named, as in "in 7 h 59
 * min".
 */
export function relativeTime(moment: Date, nowMs: number, units: 1 | 2 = 1): string {
  const seconds = Math.round((moment.getTime() - nowMs) / 1000);
  if (seconds === 0) return 'now';
  const span = timeSpan(Math.abs(seconds), units);
  return seconds > 0 ? `in ${span}` : `${span} ago`;
}

/** Returns a text such as "1 h 55 min" for whole seconds, at least 1, rounded down to the last unit named. */
export function timeSpan(seconds: number, units: 1 | 2): string {
  const first = STEPS.findIndex((step) => seconds >= step.seconds);
  let rest = seconds;
  return STEPS.slice(first, first + units)
    .map((step) => {
      const count = Math.floor(rest / step.seconds);
      rest %= step.seconds;
      return count === 0 ? '' : `${count} ${step.unit}`;
    })
    .filter((part) => part !== '')
    .join(' ');
}
