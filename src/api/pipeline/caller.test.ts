/** The caller of a call, by what the kernel says of it. */
import { describe, expect, it } from 'vitest';
import type { Peer } from '../transport/peer.ts';
import { checkLocalPeer } from './caller.ts';

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
