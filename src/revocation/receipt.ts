/** The receipt of a revocation (X1): what has ended, what keeps running, and what could not be ended. */
import type { EndResult, Survivor } from '../supervisor/lifecycle/end-result.ts';

export interface Receipt {
  /** The tokens that are refused because of this call. */
  readonly jtis: readonly string[];
  /** Sockets of the links that have ended. */
  readonly links: readonly string[];
  /** Ids of the sessions that have ended. */
  readonly sessions: readonly string[];
  /** Ids of the sessions that keep running, as configured. */
  readonly keptSessions: readonly string[];
  /** Number of processes ended. */
  readonly processes: number;
  readonly survivors: readonly Survivor[];
  /**
   * The verifier of the result: the server itself, or the user's own link. Unset when there was no process.
   */
  readonly verifiedBy?: 'daemon' | 'link';
  /** Duration of the revocation, until everything had ended. */
  readonly milliseconds: number;
}

/** A contribution to a receipt; a missing field adds nothing. */
export type Part = Partial<Omit<Receipt, 'jtis' | 'milliseconds'>>;

/** Returns the part for one link or session: its processes, and `ended` if it has ended. */
export function partOf(
  { hasEnded, ...processes }: EndResult,
  ended: Pick<Part, 'links'> | Pick<Part, 'sessions'>,
): Part {
  return hasEnded ? { ...processes, ...ended } : processes;
}

/** Merges the parts into one receipt. Its verifier is the user's link as soon as one part's is. */
export function receiptOf(jtis: readonly string[], parts: readonly Part[], milliseconds: number): Receipt {
  const verifiers = parts.map(({ verifiedBy }) => verifiedBy);
  const verifiedBy = verifiers.includes('link') ? 'link' : verifiers.find((one) => one !== undefined);
  return {
    jtis,
    links: unique(parts.flatMap(({ links = [] }) => links)),
    sessions: unique(parts.flatMap(({ sessions = [] }) => sessions)),
    keptSessions: unique(parts.flatMap(({ keptSessions = [] }) => keptSessions)),
    processes: parts.reduce((sum, { processes = 0 }) => sum + processes, 0),
    survivors: parts.flatMap(({ survivors = [] }) => survivors),
    ...(verifiedBy !== undefined && { verifiedBy }),
    milliseconds,
  };
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
