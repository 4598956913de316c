import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { exitStatus } from '../exit-status.ts';
import { errorOf, isGuess, type Outcome } from './outcome.ts';

type Failure = Exclude<Outcome, { kind: 'proven' }>;

const FAILURES: { readonly [Kind in Failure['kind']]: Extract<Failure, { kind: Kind }> } = {
  refused: { kind: 'refused', why: 'by sshd' },
  abandoned: { kind: 'abandoned' },
  incomplete: { kind: 'incomplete', wants: 'a key' },
  unusable: { kind: 'unusable', account: 'alice', status: 3, text: 'bye' },
  expired: { kind: 'expired' },
  closed: { kind: 'closed', text: 'Closed.' },
  busy: { kind: 'busy', why: 'Exceeded MaxStartups' },
  failed: { kind: 'failed', error: new AppError('UNAVAILABLE', 'broken') },
};

function told(outcome: Failure): { reason: string; status: number; message: string; details: object } {
  const error = errorOf(outcome);
  if (!(error instanceof AppError)) throw error;
  const { reason, message, details } = error;
  return { reason, status: exitStatus(reason), message, details };
}

describe('the outcome of an attempt', () => {
  it('counts as a guess only when it may have been one', () => {
    const counted = Object.values(FAILURES).filter(isGuess);
    expect(counted.map(({ kind }) => kind)).toEqual(['refused', 'abandoned']);
  });

  it('has one reason and one exit status for each kind', () => {
    const seen = Object.values(FAILURES).map((outcome) => {
      const { reason, status } = told(outcome);
      return [outcome.kind, reason, status];
    });
    expect(seen).toEqual([
      ['refused', 'LOGIN_REFUSED', 3],
      ['abandoned', 'LOGIN_REFUSED', 3],
      ['incomplete', 'LOGIN_INCOMPLETE', 3],
      ['unusable', 'ACCOUNT_UNUSABLE', 4],
      ['expired', 'NOT_ELIGIBLE', 4],
      ['closed', 'NOT_ELIGIBLE', 4],
      ['busy', 'UNAVAILABLE', 6],
      ['failed', 'UNAVAILABLE', 6],
    ]);
  });

  it('of a refusal never says why', () => {
    expect(told({ kind: 'refused', why: 'no account has this name' })).toEqual(told({ kind: 'abandoned' }));
    expect(told(FAILURES.refused)).toMatchObject({ message: 'login refused', details: {} });
  });

  it('of an account that cannot be used has the status of its shell', () => {
    expect(told(FAILURES.unusable)).toMatchObject({
      message: expect.stringMatching(
        /^the password was right, but the shell of alice ended with status 3 .*: bye; /,
      ),
      details: { exitStatus: '3' },
    });
    const nothing = told({ kind: 'unusable', account: 'alice', status: undefined, text: '' });
    expect(nothing).toMatchObject({
      message: expect.stringMatching(/sshd ran nothing for alice; ask/),
      details: {},
    });
  });
});
