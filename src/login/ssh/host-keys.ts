/** The host keys that the local sshd may present, read from the public key files beside its own. */
import { globSync } from 'node:fs';
import { type AppError, isAppError } from '../../errors.ts';
import { ownUid, readOwnedFile } from '../../system/owned-path.ts';

/** A public key in its wire format (RFC 4253, 6.6). */
export interface HostKey {
  readonly type: string;
  readonly blob: Buffer;
}

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Signature algorithms for each type of key. The algorithm `ssh-rsa` is left out, because it uses SHA-1
 * (RFC 8332).
 */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** A file that matches the pattern. */
export interface HostKeyFile {
  readonly path: string;
  /** Keys of known types. */
  readonly keys: readonly HostKey[];
  /** Set when the file cannot be trusted; it then has no keys. */
  readonly problem?: AppError;
}

/** Returns the keys of all trustworthy files that match `pattern`. */
export function readHostKeys(pattern: string): HostKey[] {
  return hostKeyFiles(pattern).flatMap(({ keys }) => keys);
}

export function hostKeyFiles(pattern: string): HostKeyFile[] {
  return globSync(pattern).toSorted().map(readFile);
}

/** Returns the signature algorithms that fit `keys`. */
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
