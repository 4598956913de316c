/** The host keys that the local sshd may show, read from the public key files that lie beside its own. */
import { globSync } from 'node:fs';
import { type AppError, isAppError } from '../errors.ts';
import { ownUid, readOwnedFile } from '../system/owned-path.ts';

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

/** One file that the pattern names. */
export interface HostKeyFile {
  readonly path: string;
  /** Kinds not known are passed over. */
  readonly keys: readonly HostKey[];
  /** Why it is not to be trusted, and its keys do not count. */
  readonly problem?: AppError;
}

/** The keys in the files that `pattern` names; files of others are passed over. */
export function readHostKeys(pattern: string): HostKey[] {
  return hostKeyFiles(pattern).flatMap(({ keys }) => keys);
}

export function hostKeyFiles(pattern: string): HostKeyFile[] {
  return globSync(pattern).toSorted().map(readFile);
}

/** What may be agreed on with an sshd that has one of `keys`. */
export function algorithmsOf(keys: readonly HostKey[]): string[] {
  return [...new Set(keys.flatMap(({ type }) => ALGORITHMS[type] ?? []))];
}

function readFile(path: string): HostKeyFile {
  try {
    const file = readOwnedFile(path, { uid: ownUid(), forbidden: WRITABLE_BY_OTHERS });
    return { path, keys: keysIn(file?.data.toString() ?? '') };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { path, keys: [], problem: error };
  }
}

function keysIn(text: string): HostKey[] {
  return text.split('\n').flatMap((line) => {
    const [type = '', encoded = ''] = line.trim().split(/\s+/);
    return Object.hasOwn(ALGORITHMS, type) ? [{ type, blob: Buffer.from(encoded, 'base64') }] : [];
  });
}
