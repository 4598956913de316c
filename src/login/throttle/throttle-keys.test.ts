import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from '../../store/open.ts';
import type { LoginKey } from './login-key.ts';
import { Throttle } from './throttle.ts';

/** Characters with which two texts might be joined to one. */
const SEPARATORS = ['', ' ', ':', ',', '/', '@', '\0', '\n', '","'];
const never = new AbortController().signal;

/** Fails as often as is possible without a wait. */
async function fail(throttle: Throttle, key: LoginKey): Promise<void> {
  for (let count = 0; count < 3; count += 1) {
    using attempt = await throttle.enter(key, never);
    await attempt.refused();
  }
}

it('counts nobody for somebody else, whatever their names and places have in them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-throttle-'));
  const store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes: 0 });
  const open = (): Promise<Throttle> => Throttle.open({ store, log: { warn: () => {} } });
  const pairs = SEPARATORS.map((between) => ({
    guesser: { login: 'a', source: `b${between}c` },
    other: { login: `a${between}b`, source: 'c' },
  }));
  const throttle = await open();
  for (const { guesser } of pairs) await fail(throttle, guesser);
  for (const opened of [throttle, await open()]) {
    for (const { guesser, other } of pairs) {
      expect(() => opened.check(guesser), JSON.stringify(guesser)).toThrow(/too many failed logins/);
      expect(() => opened.check(other), JSON.stringify(other)).not.toThrow();
    }
  }
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
