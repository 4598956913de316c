import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountChecks } from './account-checks.ts';

/** No account of any host. */
const MISSING = { name: 'no-such-account-here', uid: 3_999_999_999 };
const MINUTE_MS = 60_000;
const eligible = { minUid: 0, users: [], self: false };

describe('an account that cannot be found', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('starts nothing at once, and loses its logins once it has been missing for five minutes', async () => {
    const accounts = new AccountChecks({ settings: () => ({ eligible }), now: Date.now });
    await expect(accounts.check(MISSING)).rejects.toMatchObject({ reason: 'NOT_ELIGIBLE' });
    const isFinal = async (): Promise<boolean | undefined> =>
      (await accounts.checkAll([MISSING]))[0]?.isFinal;
    expect(await isFinal()).toBe(false);
    expect(await isFinal()).toBe(false); // however soon the next check comes
    vi.advanceTimersByTime(4 * MINUTE_MS);
    expect(await isFinal()).toBe(false);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(await isFinal()).toBe(true);
  });

  it('begins anew when it was found meanwhile', async () => {
    const accounts = new AccountChecks({ settings: () => ({ eligible }), now: Date.now });
    await accounts.checkAll([MISSING]);
    vi.advanceTimersByTime(4 * MINUTE_MS);
    await accounts.checkAll([]);
    vi.advanceTimersByTime(2 * MINUTE_MS);
    expect(await accounts.checkAll([MISSING])).toMatchObject([{ isFinal: false }]);
  });
});
