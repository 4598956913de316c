import { describe, expect, it } from 'vitest';
import { BadRequest, ErrorInfo } from '../generated/google/rpc/error_details.ts';
import { Status } from '../generated/google/rpc/status.ts';
import { ERROR_DOMAIN, errorOfDetails } from './error-info.ts';

type Part = Status['details'][number];

const MESSAGE = 'no such session';

function part(type: string, value: Uint8Array): Part {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value) };
}

function info(more: Partial<ErrorInfo> = {}, type = 'google.rpc.ErrorInfo'): Part {
  const encoded = ErrorInfo.encode({
    reason: 'NOT_FOUND',
    domain: ERROR_DOMAIN,
    metadata: { id: 's1' },
    ...more,
  });
  return part(type, encoded.finish());
}

/** Returns a part with one violation for each of `fields`. */
function badRequest(fields: readonly string[], type = 'google.rpc.BadRequest'): Part {
  const fieldViolations = fields.map((field) => ({
    field,
    description: `${field} is wrong`,
    reason: '',
    localizedMessage: undefined,
  }));
  return part(type, BadRequest.encode({ fieldViolations }).finish());
}

function errorOf(...details: readonly Part[]) {
  return errorOfDetails(
    Status.encode({ code: 5, message: MESSAGE, details: [...details] }).finish(),
    MESSAGE,
  );
}

const found = { reason: 'NOT_FOUND', message: MESSAGE, details: { id: 's1' } };

describe('the details of a failed call', () => {
  it.each<[string, Part[], object]>([
    ['an error', [info()], { ...found, violation: undefined }],
    ['an error after that of another service', [info({ domain: 'example.org' }), info()], found],
    ['an error after a reason of a later version', [info({ reason: 'NO_SUCH_REASON' }), info()], found],
    ['an error after a part of another type', [part('x.Y', Buffer.from([0xff])), info()], found],
    [
      'an error and a wrong field, the first of two',
      [info(), badRequest(['name', 'uid'])],
      { ...found, violation: { field: 'name', description: 'name is wrong' } },
    ],
    ['an error and a request without a wrong field', [info(), badRequest([])], { violation: undefined }],
    ['an error and fields in another type', [info(), badRequest(['name'], 'x.Y')], { violation: undefined }],
  ])('give %s', (_, parts, expected) => expect(errorOf(...parts)).toMatchObject(expected));

  it.each<[string, Part[]]>([
    ['without any part', []],
    ['with a wrong field alone', [badRequest(['name'])]],
    ['of another service', [info({ domain: 'example.org' })]],
    ['with a reason of a later version', [info({ reason: 'NO_SUCH_REASON' })]],
    ['with the name of a property that every object has', [info({ reason: 'toString' })]],
    ['with the reason that is never sent', [info({ reason: 'UNSPECIFIED' })]],
    ['in a part of another type', [info({}, 'x.Y')]],
    ['in a part that is cut', [part('google.rpc.ErrorInfo', Buffer.from([0x0a, 0x05, 0x4e]))]],
  ])('give no error %s', (_, parts) => expect(errorOf(...parts)).toBeUndefined());

  it('give no error when they are no status', () =>
    expect(errorOfDetails(Buffer.from([0xff]), MESSAGE)).toBeUndefined());
});
