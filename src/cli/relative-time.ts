/** Moments as people say them. */
const STEPS = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3600 },
  { unit: 'min', seconds: 60 },
  { unit: 's', seconds: 1 },
] as const;

/** "3 min ago", "in 7 h", "now"; the two largest units where the first is small: "in 1 h 20 min". */
export function relativeTime(moment: Date, nowMs: number): string {
  const seconds = Math.round((moment.getTime() - nowMs) / 1000);
  if (seconds === 0) return 'now';
  const span = duration(Math.abs(seconds));
  return seconds > 0 ? `in ${span}` : `${span} ago`;
}

/** A span of whole seconds: "45 s", "12 min", "1 h 20 min", "9 d". */
export function duration(seconds: number): string {
  const at = STEPS.findIndex((step) => seconds >= step.seconds);
  const step = STEPS[at];
  if (step === undefined) return '0 s';
  const count = Math.floor(seconds / step.seconds);
  const finer = STEPS[at + 1];
  const rest = finer === undefined ? 0 : Math.floor((seconds % step.seconds) / finer.seconds);
  const exact = `${count} ${step.unit}`;
  return finer !== undefined && step.unit !== 'min' && rest > 0 && count < 4
    ? `${exact} ${rest} ${finer.unit}`
    : exact;
}
