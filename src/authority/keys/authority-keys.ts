import type { KeySet, SigningKey } from '../../token/key.ts';

/**
 * The keys of an authority: the one it signs with, all that live tokens may be signed with, and 32 bytes
 * from which the init keys of links are derived.
 */
export interface AuthorityKeys {
  readonly signing: SigningKey;
  readonly verification: KeySet;
  readonly master: Buffer;
}
