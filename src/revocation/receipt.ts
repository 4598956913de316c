/** The receipt of a revocation (X1): what still runs, what has ended, and what could not be ended. */
import { type MergedParts, mergeParts, type ReceiptPart } from '../merge-receipts.ts';
import type { People } from '../sessions/active-sessions.ts';
import type { EndResult, Survivor } from '../supervisor/lifecycle/end-result.ts';

/** A session, or the link with this socket. */
export interface StillRunning {
  readonly sessionId?: string;
  readonly socket?: string;
  /** Login that owns the session. */
  readonly login?: string;
  readonly linuxUser: string;
  /** Its processes as far as the server can see them, without keepers; at most 20. */
  readonly pids: readonly number[];
  readonly command: string;
  /** True when nobody could tell whether it still runs. */
  readonly isUnconfirmed: boolean;
  /** True for a link that is removed: only its process may be left. */
  readonly isRemoved?: boolean;
}

export type Receipt = MergedParts<Survivor, StillRunning> & {
  /** The tokens that are refused because of this call. */
  readonly jtis: readonly string[];
  /** Duration of the revocation, until everything had ended. */
  readonly milliseconds: number;
};

/** A contribution to a receipt, and the people that it is about. */
export type Part = ReceiptPart<Survivor, StillRunning> & { readonly people?: People };

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
