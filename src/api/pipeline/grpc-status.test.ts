import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { appErrorOf } from '../../client/connect/wire-error.ts';
import { AppError, type Reason } from '../../errors.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import { CODES, publicError, statusOf } from './grpc-status.ts';

const reasons = Object.keys(ErrorReason).filter(
  (name) => name !== 'UNSPECIFIED' && name in CODES,
) as Reason[];

describe('errors on the wire', () => {
  it('have a code for every published reason', () => {
    const published = Object.keys(ErrorReason).filter((name) => name !== 'UNSPECIFIED');
    expect(reasons.toSorted()).toEqual(published.toSorted());
    expect(Object.values(CODES)).not.toContain(status.OK);
    expect(Object.values(CODES)).not.toContain(status.UNKNOWN);
  });

  it.each(reasons)('%s becomes the same error in the client', (reason) => {
    const wire = statusOf(new AppError(reason, 'why', { details: { firstOffset: '7' } }), 'abc');
    const failed = Object.assign(new Error('x'), wire);
    const again = appErrorOf(failed, 'host:1') as AppError;
    expect(again).toBeInstanceOf(AppError);
    expect(again).toMatchObject({
      reason,
      message: 'why',
      details: { firstOffset: '7', requestId: 'abc' },
    });
  });

  it.each([
    new Error('the secret'),
    'the secret',
    undefined,
    new AppError('CONFIG_INVALID', 'the secret'),
    new AppError('USAGE', 'the secret'),
  ])('hides the text of an unexpected error: %s', (error) => {
    const { details, metadata, code } = statusOf(error, 'abc');
    expect(code).toBe(status.INTERNAL);
    expect(details).not.toContain('secret');
    expect(String(metadata.get('grpc-status-details-bin')[0])).not.toContain('secret');
    expect(publicError(error).cause).toBeUndefined();
  });

  it('limits the size of trailers', () => {
    const long = new AppError('NOT_FOUND', `\ud800${'é'.repeat(5000)}`, {
      details: { name: 'x'.repeat(50_000) },
    });
    const { details, metadata } = statusOf(long, 'abc');
    expect(encodeURI(details).length).toBeLessThan(8000);
    expect(metadata.get('grpc-status-details-bin')[0]?.length).toBeLessThan(4000);
  });
});
