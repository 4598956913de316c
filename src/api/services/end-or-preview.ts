/**
 * RevokeTokens, StopLink and EndSession: end something, or with `validate_only` (AIP-163) say what would end.
 */
import type { Receipt as ReceiptMessage } from '../../generated/latchkey/v1/token.ts';
import type { Revocation, Selection } from '../../revocation/revocation.ts';
import type { KnownCaller } from '../pipeline/caller.ts';
import { receiptMessage } from './to-proto.ts';

export type RevocationDeps = Pick<Revocation, 'revoke' | 'preview'>;

/**
 * Returns the receipt, or with `validateOnly` the receipt that would be given. Throws NOT_FOUND,
 * PERMISSION_DENIED.
 */
export async function endOrPreview(
  revocation: RevocationDeps,
  { validateOnly }: { readonly validateOnly: boolean },
  selection: Selection,
  caller: KnownCaller,
): Promise<{ receipt: ReceiptMessage }> {
  const receipt = validateOnly
    ? await revocation.preview(selection, 'revoked', caller)
    : await revocation.revoke(selection, 'revoked', caller);
  const message = receiptMessage(receipt);
  return { receipt: validateOnly ? { ...message, duration: undefined, validateOnly } : message };
}
