import { expect, test } from 'vitest';
import { getent } from './getent.ts';

/** Longer than the time limit of getent, in milliseconds. */
const HELD_UP_MS = 5_500;

function holdUp(): void {
  for (const untilMs = performance.now() + HELD_UP_MS; performance.now() < untilMs; );
}

const noAnswer = { reason: 'UNAVAILABLE' };

test('a user is not taken for missing because this process was blocked', async () => {
  const one = getent('passwd', ['root']);
  const several = getent('group', ['0', '1']);
  const nobody = getent('passwd', ['no-such-account']);
  const settled = Promise.allSettled([one, several, nobody]);
  holdUp();
  for (const outcome of await settled)
    expect(outcome).toMatchObject({ status: 'rejected', reason: noAnswer });
  expect(await getent('passwd', ['root'])).toEqual([expect.stringMatching(/^root:/)]);
  expect(await getent('passwd', ['root', 'no-such-account'])).toHaveLength(1);
  expect(await getent('passwd', ['no-such-account'])).toEqual([]);
});
