import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CountedEvent, PerMinuteCounters } from './per-minute-counters.ts';

const MINUTE_MS = 60_000;
const NAMES: readonly CountedEvent[] = ['logins', 'calls', 'revocations', 'refusals'];

describe('the last hour by minute', () => {
  test('counts the events of each of the last 60 minutes, and none from before (X7)', () => {
    const event = fc.record({ what: fc.constantFrom(...NAMES), afterMs: fc.nat(5 * MINUTE_MS) });
    const property = fc.property(fc.array(event, { maxLength: 60 }), fc.nat(70), (events, restMinutes) => {
      const minutes = new PerMinuteCounters();
      const happened: { what: CountedEvent; atMs: number }[] = [];
      let nowMs = 1_790_000_000_123;
      for (const { what, afterMs } of events) {
        nowMs += afterMs;
        minutes.count(what, nowMs);
        happened.push({ what, atMs: nowMs });
      }
      nowMs += restMinutes * MINUTE_MS;
      const all = minutes.all(nowMs);
      expect(all).toHaveLength(60);
      for (const [at, minute] of all.entries()) {
        const startMs = (Math.floor(nowMs / MINUTE_MS) - 59 + at) * MINUTE_MS;
        const counts = NAMES.map((name) => {
          const of = happened.filter(({ what }) => what === name);
          return [name, of.filter(({ atMs }) => Math.floor(atMs / MINUTE_MS) * MINUTE_MS === startMs).length];
        });
        expect(minute).toEqual({ startMs, ...Object.fromEntries(counts) });
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('continues when the clock is set back', () => {
    const minutes = new PerMinuteCounters();
    const nowMs = 1_790_000_000_000;
    minutes.count('calls', nowMs);
    minutes.count('calls', nowMs - 60 * MINUTE_MS);
    expect(minutes.all(nowMs - 60 * MINUTE_MS).at(-1)?.calls).toBe(1);
    minutes.count('calls', nowMs);
    expect(minutes.all(nowMs).at(-1)?.calls).toBe(1);
  });
});
