/** The host keys that the local sshd may show, read from the public key files that lie beside its own. */
import { globSync } from 'node:fs';
import { ownUid, readOwnedFile } from '../owned-path.ts';

/** A public key as it is on the wire (RFC 4253, 6.6). */
export interface HostKey {
  readonly type: string;
  readonly blob: Buffer;
}

const WRITABLE_BY_OTHERS = 0o022;

/** Signature algorithms by type of key; `ssh-rsa` names SHA-1, which nobody should take (RFC 8332). */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** The keys in the files that `pattern` names; files of others are passed over, as are kinds not known. */
export function readHostKeys(pattern: string): HostKey[] {
  return globSync(pattern).toSorted().flatMap(readKeys);
}

/** What may be agreed on with an sshd that has one of `keys`. */
export function algorithmsOf(keys: readonly HostKey[]): string[] {
  return [...new Set(keys.flatMap(({ type }) => ALGORITHMS[type] ?? []))];
}

function readKeys(path: string): HostKey[] {
  let text: string;
  try {
    text = readOwnedFile(path, { uid: ownUid(), forbidden: WRITABLE_BY_OTHERS })?.data.toString() ?? '';
  } catch {
    return []; // not to be trusted, so not a key
  }
  return text.split('\n').flatMap((line) => {
    const [type = '', encoded = ''] = line.trim().split(/\s+/);
    return Object.hasOwn(ALGORITHMS, type) ? [{ type, blob: Buffer.from(encoded, 'base64') }] : [];
  });
}
