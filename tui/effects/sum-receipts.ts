/** Sums the receipts of several calls. */

import { Receipt, VerifiedBy } from '../../src/generated/latchkey/v1/token.ts';
import { mergeParts, type ReceiptPart, unique } from '../../src/merge-receipts.ts';
import { durationOf } from '../../src/values/duration.ts';
import { enumValue, enumWord } from '../../src/values/enum-word.ts';

/** Returns one receipt; `duration` is the time of all calls together. */
export function sumReceipts(receipts: readonly Receipt[], milliseconds: number): Receipt {
  const [only] = receipts;
  if (only !== undefined && receipts.length === 1) return only;
  const { verifiedBy, ...merged } = mergeParts(receipts.map(partOf));
  return Receipt.fromPartial({
    jtis: unique(receipts.flatMap(({ jtis }) => jtis)),
    links: [...merged.links],
    sessions: [...merged.sessions],
    keptSessions: [...merged.keptSessions],
    processes: merged.processes,
    duration: durationOf(milliseconds),
    survivors: [...merged.survivors],
    stillRunning: [...merged.stillRunning],
    stillRunningTotal: merged.stillRunningTotal,
    ...(verifiedBy !== undefined && { verifiedBy: enumValue(VerifiedBy, verifiedBy) }),
    validateOnly: receipts.every(({ validateOnly }) => validateOnly),
  });
}

type Part = ReceiptPart<Receipt['survivors'][number], Receipt['stillRunning'][number]>;

function partOf({ verifiedBy, ...receipt }: Receipt): Part {
  const verifier = enumWord(VerifiedBy, verifiedBy);
  return { ...receipt, ...(verifier !== undefined && { verifiedBy: verifier }) };
}
