/** The receipt of a revocation (X1): what has ended, what keeps running, and what could not be ended. */
import { type MergedParts, mergeParts, type ReceiptPart } from '../merge-receipts.ts';
import type { EndResult, Survivor } from '../supervisor/lifecycle/end-result.ts';

export type Receipt = MergedParts<Survivor> & {
  /** The tokens that are refused because of this call. */
  readonly jtis: readonly string[];
  /** Duration of the revocation, until everything had ended. */
  readonly milliseconds: number;
};

export type Part = ReceiptPart<Survivor>;

/** Returns the part for one link or session: its processes, and `ended` if it has ended. */
export function partOf(
  { hasEnded, ...processes }: EndResult,
  ended: Pick<Part, 'links'> | Pick<Part, 'sessions'>,
): Part {
  return hasEnded ? { ...processes, ...ended } : processes;
}

/** Merges the parts into one receipt. */
export function receiptOf(jtis: readonly string[], parts: readonly Part[], milliseconds: number): Receipt {
  return { jtis, ...mergeParts(parts), milliseconds };
}
