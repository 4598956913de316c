import { expect, test } from 'vitest';
import { getent } from './getent.ts';

/** Longer than the time limit of getent, in milliseconds. */
const BLOCKED_MS = 5_500;

function blockEventLoop(): void {
  for (const untilMs = performance.now() + BLOCKED_MS; performance.now() < untilMs; );
}

const noAnswer = { reason: 'UNAVAILABLE' };

test('a blocked event loop does not make existing users look missing', async () => {
  const one = getent('passwd', ['root']);
  const several = getent('group', ['0', '1']);
  const nobody = getent('passwd', ['no-such-account']);
  const settled = Promise.allSettled([one, several, nobody]);
  blockEventLoop();
  for (const outcome of await settled)
    expect(outcome).toMatchObject({ status: 'rejected', reason: noAnswer });
  expect(await getent('passwd', ['root'])).toEqual([expect.stringMatching(/^root:/)]);
  expect(await getent('passwd', ['root', 'no-such-account'])).toHaveLength(1);
  expect(await getent('passwd', ['no-such-account'])).toEqual([]);
});
