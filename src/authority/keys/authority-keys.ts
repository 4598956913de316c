import type { KeySet, SigningKey } from '../../token/key.ts';

/**
 * The keys an authority works with: the one it signs with, all that its live tokens may be signed
 * with, and the 32 bytes from which the init keys of links are derived.
 */
export interface AuthorityKeys {
  readonly signing: SigningKey;
  readonly verification: KeySet;
  readonly master: Buffer;
}
