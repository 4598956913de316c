/** The three calls that end something, or with `validate_only` (AIP-163) say what would end. */
import type { Receipt as ReceiptMessage } from '../../generated/latchkey/v1/token.ts';
import type { Revocation, Selection } from '../../revocation/revocation.ts';
import type { KnownCaller } from '../pipeline/caller.ts';
import { receiptMessage } from './to-proto.ts';

export type Ends = Pick<Revocation, 'revoke' | 'preview'>;

/** The receipt, or what it would be. Throws what the caller may not end. */
export async function endOrPreview(
  revocation: Ends,
  { validateOnly }: { readonly validateOnly: boolean },
  selection: Selection,
  caller: KnownCaller,
): Promise<{ receipt: ReceiptMessage }> {
  const receipt = validateOnly
    ? await revocation.preview(selection, 'revoked', caller)
    : await revocation.revoke(selection, 'revoked', caller);
  return { receipt: receiptMessage(receipt) };
}
