/** Selects the rule for idle sessions that applies at a time of day. */
import type { Hours, IdleRule } from '../../generated/latchkey/link/v1/link.ts';

/** Returns the first rule that applies at `date`, in local time. */
export function ruleAt(rules: readonly IdleRule[], date: Date): IdleRule | undefined {
  const minute = date.getHours() * 60 + date.getMinutes();
  return rules.find(({ hours }) => hours === undefined || isWithin(hours, minute));
}

function isWithin({ from, to }: Hours, minute: number): boolean {
  return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}
