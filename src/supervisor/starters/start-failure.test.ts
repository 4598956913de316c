import { describe, expect, it } from 'vitest';
import { startFailure } from './start-failure.ts';

const refusalOf = (status: number | null | 'late', stderr: string): string | undefined =>
  startFailure({ status, stderr }).details.refusal;

describe('the user of a link that sudo has not started', () => {
  it.each<[number | null | 'late', string, string | RegExp]>([
    [
      1,
      'latchkey link: account alice may not be used now: it has expired\n',
      /^account alice may not be used/,
    ],
    [
      1,
      'sudo: pam_open_session: Permission denied\nsudo: policy plugin failed session initialization\n',
      'PAM opens no session for the account: Permission denied',
    ],
    [null, '# Fatal process out of memory: Zone\n', /^its limits are too low .*as, data/],
    [
      1,
      'sudo: unable to execute /usr/bin/latchkey: Resource temporarily unavailable\n',
      /^its limits are too/,
    ],
    [1, 'latchkey link: the link was ended by SIGABRT\n', /^its limits are too low/],
    ['late', '', /^it did not start in time, perhaps because its limits are too low/],
    [1, 'latchkey link: spawn /usr/bin/latchkey EMFILE\n', /^its limits are too low/],
  ])('is told why, when sudo ends with %s and says %s', (status, stderr, wanted) => {
    expect(refusalOf(status, stderr)).toMatch(wanted);
    expect(startFailure({ status, stderr }).message).toMatch(/^sudo (ended with|has not ended)/);
  });

  it('is not told what concerns the administrator alone', () => {
    expect(refusalOf(1, 'sudo: a password is required\n')).toBeUndefined();
  });
});
