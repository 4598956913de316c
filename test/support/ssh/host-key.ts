/** Host keys for an sshd in a test's own process. */
import ssh2 from 'ssh2';

const { generateKeyPairSync, parseKey } = ssh2.utils;

/**
 * A new key pair. One in 256 that ssh2 1.17.0 makes of this kind it cannot read again; those are thrown
 * away.
 */
export function newHostKey(): ReturnType<typeof generateKeyPairSync> {
  for (;;) {
    const pair = generateKeyPairSync('ed25519');
    if (!(parseKey(pair.private) instanceof Error)) return pair;
  }
}
