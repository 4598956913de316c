/** The caller of a call, by what the kernel says of it. */
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { Peer } from '../transport/peer.ts';
import { bearerToken, checkLocalPeer } from './caller.ts';

const OWN_UID = 990;

function peerWith(uid: number | undefined): Peer {
  return { address: '127.0.0.1', port: 1, isLocal: uid !== undefined, uid: async () => uid };
}

describe("the local administrator's token (A8)", () => {
  it.each<[string, number]>([
    ['root', 0],
    ["the server's own account", OWN_UID],
  ])('may be used by %s', (_, uid) =>
    expect(checkLocalPeer(peerWith(uid), OWN_UID)).resolves.toBeUndefined(),
  );

  it.each<[string, number | undefined]>([
    ['another account', OWN_UID + 1],
    ['an account that the kernel does not know', undefined],
  ])('may not be used by %s', (_, uid) =>
    expect(checkLocalPeer(peerWith(uid), OWN_UID)).rejects.toMatchObject({ reason: 'LOCAL_ONLY' }),
  );
});

describe('the token of a call', () => {
  function carried(...values: string[]): string {
    const metadata = new Metadata();
    for (const value of values) metadata.add('authorization', value);
    return bearerToken(metadata);
  }

  it.each(['Bearer a.b.c', 'bearer a.b.c'])('is read from "%s" (RFC 6750)', (value) => {
    expect(carried(value)).toBe('a.b.c');
  });

  it.each([
    ['another scheme', ['Basic a.b.c']],
    ['two words', ['Bearer a.b.c d']],
    ['no token', ['Bearer ']],
    ['a second one', ['Bearer a.b.c', 'Bearer d.e.f']],
  ])('is not guessed from a header with %s', (_, values) => {
    expect(() => carried(...values)).toThrow(expect.objectContaining({ reason: 'TOKEN_INVALID' }));
  });

  it('is asked for when there is none', () => {
    expect(() => carried()).toThrow(expect.objectContaining({ reason: 'NOT_LOGGED_IN' }));
  });
});
