/** Sums the receipts of several calls. */
import { Receipt, VerifiedBy } from '../../src/generated/latchkey/v1/token.ts';

/**
 * Returns one receipt; `milliseconds` is the time of all calls together. Receipts without processes need no
 * verification.
 */
export function sumReceipts(receipts: readonly Receipt[], milliseconds: number): Receipt {
  const [only] = receipts;
  if (only !== undefined && receipts.length === 1) return only;
  const verified = receipts.filter(({ processes }) => processes > 0).map(({ verifiedBy }) => verifiedBy);
  const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
  return Receipt.fromPartial({
    jtis: unique(receipts.flatMap(({ jtis }) => jtis)),
    links: unique(receipts.flatMap(({ links }) => links)),
    sessions: unique(receipts.flatMap(({ sessions }) => sessions)),
    processes: receipts.reduce((sum, { processes }) => sum + processes, 0),
    milliseconds,
    survivors: receipts.flatMap(({ survivors }) => survivors),
    verifiedBy: weakest(verified),
    keptSessions: unique(receipts.flatMap(({ keptSessions }) => keptSessions)),
    validateOnly: receipts.every(({ validateOnly }) => validateOnly),
  });
}

/** A sum is verified no better than its weakest part. */
function weakest(verified: readonly VerifiedBy[]): VerifiedBy {
  return (
    [VerifiedBy.UNSPECIFIED, VerifiedBy.LINK, VerifiedBy.DAEMON].find((each) => verified.includes(each)) ??
    VerifiedBy.UNSPECIFIED
  );
}
