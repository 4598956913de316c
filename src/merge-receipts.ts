/**
 * Merges receipts (X1): in the server those of the links and sessions of one revocation, in the dashboard
 * those of several calls. The merged receipt claims no more than the least trusted of them.
 */

/** The verifier of a receipt: the server itself, or the user's own link. */
export type Verifier = 'daemon' | 'link';

/** A contribution to a receipt; a missing field adds nothing. */
export interface ReceiptPart<Survivor> {
  /** Sockets of the links that have ended. */
  readonly links?: readonly string[];
  /** Ids of the sessions that have ended. */
  readonly sessions?: readonly string[];
  /** Ids of the sessions that keep running, as configured. */
  readonly keptSessions?: readonly string[];
  /** Number of processes ended. */
  readonly processes?: number;
  /** The processes that could not be ended. */
  readonly survivors?: readonly Survivor[];
  /** Unset when there was no process, or nobody could verify that all have ended. */
  readonly verifiedBy?: Verifier;
}

/** A whole receipt, except its tokens and its duration. */
export type MergedParts<Survivor> = Required<Omit<ReceiptPart<Survivor>, 'verifiedBy'>> &
  Pick<ReceiptPart<Survivor>, 'verifiedBy'>;

/** Merges the parts. What several of them name is listed once; survivors are not compared. */
export function mergeParts<Survivor>(parts: readonly ReceiptPart<Survivor>[]): MergedParts<Survivor> {
  const verifiedBy = leastTrusted(parts);
  return {
    links: unique(parts.flatMap(({ links = [] }) => links)),
    sessions: unique(parts.flatMap(({ sessions = [] }) => sessions)),
    keptSessions: unique(parts.flatMap(({ keptSessions = [] }) => keptSessions)),
    processes: parts.reduce((sum, { processes = 0 }) => sum + processes, 0),
    survivors: parts.flatMap(({ survivors = [] }) => survivors),
    ...(verifiedBy !== undefined && { verifiedBy }),
  };
}

/**
 * Returns the verifier of all parts together: nobody as soon as one part has processes that nobody has
 * verified, otherwise the user's link as soon as it is the verifier of one part.
 */
function leastTrusted(parts: readonly ReceiptPart<unknown>[]): Verifier | undefined {
  const isUnverified = ({ processes = 0, survivors = [], verifiedBy }: ReceiptPart<unknown>): boolean =>
    verifiedBy === undefined && processes + survivors.length > 0;
  if (parts.some(isUnverified)) return undefined;
  const verifiers = parts.flatMap(({ verifiedBy }) => verifiedBy ?? []);
  return verifiers.includes('link') ? 'link' : verifiers[0];
}

export function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
