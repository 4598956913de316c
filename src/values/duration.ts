/** Durations of the API (google.protobuf.Duration) and milliseconds. */
import { invalidField } from '../errors.ts';
import type { Duration } from '../generated/google/protobuf/duration.ts';

const MS_PER_SECOND = 1000;
const NANOS_PER_MS = 1_000_000;
const MAX_NANOS = 999_999_999;

/** Returns the duration of a number of milliseconds, 0 or more. */
export function durationOf(milliseconds: number): Duration {
  const whole = Math.round(milliseconds);
  return {
    seconds: Math.floor(whole / MS_PER_SECOND),
    nanos: (whole % MS_PER_SECOND) * NANOS_PER_MS,
  };
}

/** Returns the whole milliseconds of a duration; 0 when it is unset. */
export function millisecondsOf(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Math.round(exactMs(duration));
}

/** Returns the milliseconds of a request's field. Throws INVALID_ARGUMENT above `mostMs` and below 0. */
export function checkedDurationMs(duration: Duration, field: string, mostMs: number): number {
  const { seconds, nanos } = duration;
  const isValid = seconds >= 0 && nanos >= 0 && nanos <= MAX_NANOS;
  if (!isValid || exactMs(duration) > mostMs) {
    throw invalidField(field, `must be 0 to ${mostMs / MS_PER_SECOND} seconds`);
  }
  return millisecondsOf(duration);
}

function exactMs({ seconds, nanos }: Duration): number {
  return seconds * MS_PER_SECOND + nanos / NANOS_PER_MS;
}
