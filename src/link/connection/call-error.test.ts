import { describe, expect, test } from 'vitest';
import { callError } from './call-error.ts';

describe('the error of a call', () => {
  test.each([
    ['by its message', '13', 'it%20broke', 'INTERNAL', 'it broke'],
    [
      'by both statuses when there is no message',
      '13',
      '',
      'INTERNAL',
      'the server refused (HTTP 200, gRPC 13)',
    ],
    ['as a server that is not ready', '14', '', 'UNAVAILABLE', 'the server is not ready'],
    ['as a server that is too slow', '4', '', 'UNAVAILABLE', 'the server is not ready'],
    ['as unavailable, by its message', '14', 'it%20stops', 'UNAVAILABLE', 'it stops'],
    ['without what a terminal would interpret', '13', 'a%1B[31mb%E2%80%AEc', 'INTERNAL', 'a [31mb c'],
    ['without it also when it is not well encoded', '13', '%zz\u001b[31m', 'INTERNAL', '%zz [31m'],
  ])('is told %s', (_how, status, text, reason, message) => {
    const trailers = { ':status': '200', 'grpc-status': status, 'grpc-message': text };
    expect(callError(trailers)).toMatchObject({ reason, message });
  });

  test('is told for an answer without a gRPC status, and none for a call that succeeded', () => {
    expect(callError({ ':status': '502' })?.message).toBe('the server refused (HTTP 502, gRPC )');
    expect(callError({ ':status': '200', 'grpc-status': '0' })).toBeUndefined();
  });
});
