/** The receipt of an ending (X1): what has ended, what goes on, and what would not end. */
import type { EndResult, Survivor } from '../supervisor/lifecycle/end-result.ts';

export interface Receipt {
  /** The tokens that are refused now because of this call. */
  readonly jtis: readonly string[];
  /** The sockets of the links that have ended. */
  readonly links: readonly string[];
  /** The ids of the sessions that have ended. */
  readonly sessions: readonly string[];
  /** The ids of the sessions that by the settings go on. */
  readonly keptSessions: readonly string[];
  /** Number of processes that were ended. */
  readonly processes: number;
  readonly survivors: readonly Survivor[];
  /** Witness of the end: the server itself, or the user's own link. Missing when there was no process. */
  readonly verifiedBy?: 'daemon' | 'link';
  /** From the call until all of it was over. */
  readonly milliseconds: number;
}

/** One line of a receipt, or several: whatever is left out adds nothing. */
export type Part = Partial<Omit<Receipt, 'jtis' | 'milliseconds'>>;

/** Returns what one ending adds to a receipt: its link or session if that is over, and its processes. */
export function partOf(
  { isOver, ...processes }: EndResult,
  ended: Pick<Part, 'links'> | Pick<Part, 'sessions'>,
): Part {
  return isOver ? { ...processes, ...ended } : processes;
}

/** The parts as one receipt; it is only as believable as the least of its witnesses. */
export function receiptOf(jtis: readonly string[], parts: readonly Part[], milliseconds: number): Receipt {
  const witnesses = parts.map(({ verifiedBy }) => verifiedBy);
  const verifiedBy = witnesses.includes('link') ? 'link' : witnesses.find((witness) => witness !== undefined);
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
