import { describe, expect, it } from 'vitest';
import { Duration } from '../generated/google/protobuf/duration.ts';
import { checkedDurationMs, durationOf, millisecondsOf } from './duration.ts';

const onWire = (duration: Duration): Duration => Duration.decode(Duration.encode(duration).finish());

describe('a duration of a request', () => {
  it.each([
    [{ seconds: 0, nanos: 0 }, 0],
    [{ seconds: 3, nanos: 0 }, 3_000],
    [{ seconds: 1, nanos: 500_000_000 }, 1_500],
    [{ seconds: 0, nanos: 499_999 }, 0],
    [{ seconds: 0, nanos: 999_999_999 }, 1_000],
    [{ seconds: 60, nanos: 0 }, 60_000],
  ])('%j is %i ms', (duration, milliseconds) => {
    expect(checkedDurationMs(onWire(duration), 'grace', 60_000)).toBe(milliseconds);
  });

  it.each([
    [{ seconds: 60, nanos: 1 }],
    [{ seconds: -1, nanos: 0 }],
    [{ seconds: 0, nanos: -1 }],
    [{ seconds: 1, nanos: -1 }],
    [{ seconds: 0, nanos: 1_000_000_000 }],
    [{ seconds: 315_576_000_000, nanos: 0 }],
    [{ seconds: Number.MAX_SAFE_INTEGER, nanos: 0 }],
    [{ seconds: Number.MIN_SAFE_INTEGER, nanos: 2 ** 31 - 1 }],
  ])('%j is refused with the field', (duration) => {
    expect(() => checkedDurationMs(onWire(duration), 'grace', 60_000)).toThrow(
      expect.objectContaining({
        reason: 'INVALID_ARGUMENT',
        violation: { field: 'grace', description: 'must be 0 to 60 seconds' },
      }),
    );
  });
});

it('is made of milliseconds, and read as them', () => {
  for (const milliseconds of [0, 1, 999, 1_000, 1_001, 86_400_123])
    expect(millisecondsOf(onWire(durationOf(milliseconds)))).toBe(milliseconds);
  expect(durationOf(1.5)).toEqual({ seconds: 0, nanos: 2_000_000 });
  expect(millisecondsOf(undefined)).toBe(0);
});
