/** Host keys for an sshd in a test's own process. */
import ssh2 from 'ssh2';

const { generateKeyPairSync, parseKey } = ssh2.utils;

/** Returns a new key pair. Discards those that ssh2 1.17.0 cannot read again, one in 256 of this kind. */
export function newHostKey(): ReturnType<typeof generateKeyPairSync> {
  for (;;) {
    const pair = generateKeyPairSync('ed25519');
    if (!(parseKey(pair.private) instanceof Error)) return pair;
  }
}
