/** Sums the receipts of several calls. */
import { Receipt, VerifiedBy } from '../../src/generated/latchkey/v1/token.ts';
import { mergeParts, type ReceiptPart, unique, type Verifier } from '../../src/merge-receipts.ts';

const VERIFIED_BY: Readonly<Record<Verifier, VerifiedBy>> = {
  daemon: VerifiedBy.DAEMON,
  link: VerifiedBy.LINK,
};

/** Returns one receipt; `milliseconds` is the time of all calls together. */
export function sumReceipts(receipts: readonly Receipt[], milliseconds: number): Receipt {
  const [only] = receipts;
  if (only !== undefined && receipts.length === 1) return only;
  const { links, sessions, keptSessions, processes, survivors, verifiedBy } = mergeParts(
    receipts.map(partOf),
  );
  return Receipt.fromPartial({
    jtis: unique(receipts.flatMap(({ jtis }) => jtis)),
    links: [...links],
    sessions: [...sessions],
    keptSessions: [...keptSessions],
    processes,
    milliseconds,
    survivors: [...survivors],
    ...(verifiedBy !== undefined && { verifiedBy: VERIFIED_BY[verifiedBy] }),
    validateOnly: receipts.every(({ validateOnly }) => validateOnly),
  });
}

function partOf({ verifiedBy, ...receipt }: Receipt): ReceiptPart<Receipt['survivors'][number]> {
  const verifier = (['daemon', 'link'] as const).find((one) => VERIFIED_BY[one] === verifiedBy);
  return { ...receipt, ...(verifier !== undefined && { verifiedBy: verifier }) };
}
