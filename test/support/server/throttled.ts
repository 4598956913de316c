/** A throttle on a store of its own, by a clock that the test sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { LoginKey } from '../../../src/login/throttle/login-key.ts';
import { Throttle, type ThrottledAttempt } from '../../../src/login/throttle/throttle.ts';
import { openStore, type Store } from '../../../src/store/open.ts';

export const DAY_S = 86_400;
export const never: AbortSignal = new AbortController().signal;
/** Seconds that have passed. */
export const clock = { seconds: 0 };

export let store: Store;
export let logged: string[];

/** Gives each test of the surrounding suite an empty store, and sets the clock back. */
export function withThrottle(): void {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-throttle-'));
    store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes: 65_536 });
    logged = [];
    clock.seconds = 0;
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
}

const log = { warn: (_: object, message: string) => void logged.push(message) };
export const from = (source: string, login = 'alice'): LoginKey => ({ login, source });

/** Opens a throttle whose clocks show the passed time, after `bootMs` and `sinceMs`. */
export function open(bootMs = 0, sinceMs = 1e12): Promise<Throttle> {
  const clocks = { nowMs: () => bootMs + clock.seconds * 1000, wallMs: () => sinceMs + clock.seconds * 1000 };
  return Throttle.open({ store, log, ...clocks });
}

/** Seconds for which an attempt is refused; 0 when it is not. */
export function refusedFor(throttle: Throttle, key = from('here')): number {
  try {
    throttle.check(key);
    return 0;
  } catch (error) {
    return Number((error as { details: { retryAfterSeconds: string } }).details.retryAfterSeconds);
  }
}

/** Makes one attempt with a wrong secret; returns whether it was let through. */
export async function guess(throttle: Throttle, key = from('here')): Promise<boolean> {
  let attempt: ThrottledAttempt;
  try {
    attempt = await throttle.enter(key, never);
  } catch {
    return false;
  }
  await attempt.refused();
  return true;
}

export async function logIn(throttle: Throttle, key = from('here')): Promise<void> {
  using attempt = await throttle.enter(key, never);
  await attempt.accepted();
}
