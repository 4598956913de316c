import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { appErrorOf } from '../../client/connect/wire-error.ts';
import { AppError, invalidField, type Reason } from '../../errors.ts';
import { BadRequest, ErrorInfo } from '../../generated/google/rpc/error_details.ts';
import { Status } from '../../generated/google/rpc/status.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import { CODES, publicError, statusOf } from './grpc-status.ts';

const reasons = Object.keys(ErrorReason).filter(
  (name) => name !== 'UNSPECIFIED' && name in CODES,
) as Reason[];

/** Returns the details of an error by the URL of their type. */
function partsOf(metadata: Metadata): Record<string, unknown> {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const codecs = [ErrorInfo, BadRequest];
  const parts = Status.decode(bytes as Buffer).details.map(({ typeUrl, value }, at) => [
    typeUrl,
    codecs[at]?.decode(value),
  ]);
  return Object.fromEntries(parts);
}

/** The reasons by their gRPC code, by which clients judge a reason that they do not know. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  CANCELLED: ['CANCELLED'],
  INVALID_ARGUMENT: ['INVALID_ARGUMENT'],
  DEADLINE_EXCEEDED: ['DEADLINE_EXCEEDED'],
  NOT_FOUND: ['NOT_FOUND'],
  PERMISSION_DENIED: [
    'PERMISSION_DENIED',
    'LOCAL_ONLY',
    'NOT_ELIGIBLE',
    'LINK_REFUSED',
    'SESSION_CORDONED',
    'SESSION_DISCONNECTED',
  ],
  RESOURCE_EXHAUSTED: ['LIMIT_EXCEEDED'],
  FAILED_PRECONDITION: [
    'LOGIN_INCOMPLETE',
    'ACCOUNT_UNUSABLE',
    'LINK_REQUIRED',
    'START_FAILED',
    'SESSION_ENDED',
    'SESSION_NOT_CORDONED',
    'INPUT_CLOSED',
  ],
  ABORTED: ['SLOW_READER'],
  OUT_OF_RANGE: ['OUTPUT_DROPPED'],
  INTERNAL: ['INTERNAL'],
  UNAVAILABLE: ['LINK_LOST', 'STORE_UNAVAILABLE', 'UNAVAILABLE'],
  UNAUTHENTICATED: ['NOT_LOGGED_IN', 'LOGIN_REFUSED', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'TOKEN_NOT_ACTIVE'],
};

describe('errors on the wire', () => {
  it('have a code for every published reason', () => {
    const published = Object.keys(ErrorReason).filter((name) => name !== 'UNSPECIFIED');
    expect(reasons.toSorted()).toEqual(published.toSorted());
  });

  it('keep the code of their reason', () => {
    const byCode = Map.groupBy(reasons, (reason) => status[CODES[reason]]);
    const sorted = [...byCode].map(([code, found]) => [code, found.toSorted()]);
    const wanted = Object.entries(REASONS).map(([code, found]) => [code, found.toSorted()]);
    expect(Object.fromEntries(sorted)).toEqual(Object.fromEntries(wanted));
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

  it('names the field that is wrong, as google.rpc.BadRequest', () => {
    const { metadata, details } = statusOf(invalidField('filter.text', 'too long'), 'abc');
    expect(details).toBe('filter.text: too long');
    expect(partsOf(metadata)).toEqual({
      'type.googleapis.com/google.rpc.ErrorInfo': {
        reason: 'INVALID_ARGUMENT',
        domain: 'latchkey.v1',
        metadata: { requestId: 'abc' },
      },
      'type.googleapis.com/google.rpc.BadRequest': {
        fieldViolations: [expect.objectContaining({ field: 'filter.text', description: 'too long' })],
      },
    });
    expect(Object.keys(partsOf(statusOf(new AppError('INVALID_ARGUMENT', 'x'), 'abc').metadata))).toEqual([
      'type.googleapis.com/google.rpc.ErrorInfo',
    ]);
  });

  it('with a reason that is unknown here is judged by its code', () => {
    const info = ErrorInfo.fromPartial({ reason: 'NEW_REASON', domain: 'latchkey.v1' });
    const value = Buffer.from(ErrorInfo.encode(info).finish());
    const detail = { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value };
    const metadata = new Metadata();
    const trailer = { code: status.NOT_FOUND, message: 'gone', details: [detail] };
    metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(trailer).finish()));
    const failed = Object.assign(new Error('x'), { code: status.NOT_FOUND, details: 'gone', metadata });
    expect(appErrorOf(failed, 'host:1')).toMatchObject({ reason: 'NOT_FOUND', message: 'gone' });
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
