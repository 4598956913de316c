/**
 * Merges receipts (X1): in the server those of the links and sessions of one revocation, in the dashboard
 * those of several calls. The merged receipt claims no more than the least trusted of them.
 */

/** Verifier of an end: the server itself, the user's own link, or both, each as far as it can see. */
export type Verifier = 'daemon' | 'link' | 'both';

/** Name of a session or a link that still runs; only one of the two is set and not empty. */
export interface RunningId {
  readonly sessionId?: string | undefined;
  readonly socket?: string | undefined;
}

/** A contribution to a receipt; a missing field adds nothing. */
export interface ReceiptPart<Survivor, Running extends RunningId> {
  /** Sockets of the links that have ended. */
  readonly links?: readonly string[];
  /** Ids of the sessions that have ended. */
  readonly sessions?: readonly string[];
  /** Ids of the sessions that keep running, as configured. */
  readonly keptSessions?: readonly string[];
  /** Number of programs' processes ended. */
  readonly processes?: number;
  /** The processes that should have ended, and have not, or may not have. */
  readonly survivors?: readonly Survivor[];
  /** Unset when nothing was to end, or nobody could verify that all of it has. */
  readonly verifiedBy?: Verifier;
  /** The sessions and links of the same people that still run. */
  readonly stillRunning?: readonly Running[];
  /** Number of them, when there are more. */
  readonly stillRunningTotal?: number;
}

/** A whole receipt, except its tokens and its duration. */
export type MergedParts<Survivor, Running extends RunningId> = Required<
  Omit<ReceiptPart<Survivor, Running>, 'verifiedBy'>
> &
  Pick<ReceiptPart<Survivor, Running>, 'verifiedBy'>;

/** Merges the parts. What several of them name is listed once; survivors are not compared. */
export function mergeParts<Survivor, Running extends RunningId>(
  parts: readonly ReceiptPart<Survivor, Running>[],
): MergedParts<Survivor, Running> {
  const verifiedBy = verifierOf(parts);
  const links = unique(parts.flatMap(({ links = [] }) => links));
  const sessions = unique(parts.flatMap(({ sessions = [] }) => sessions));
  const ended = new Set([...links, ...sessions]);
  const running = new Map(
    parts.flatMap(({ stillRunning = [] }) => stillRunning).map((each) => [idOf(each), each]),
  );
  const stillRunning = [...running].flatMap(([id, each]) => (ended.has(id) ? [] : [each]));
  const unlisted = parts.map((part) => (part.stillRunningTotal ?? 0) - (part.stillRunning?.length ?? 0));
  return {
    links,
    sessions,
    keptSessions: unique(parts.flatMap(({ keptSessions = [] }) => keptSessions)),
    processes: parts.reduce((sum, { processes = 0 }) => sum + processes, 0),
    survivors: parts.flatMap(({ survivors = [] }) => survivors),
    stillRunning,
    stillRunningTotal: unlisted.reduce((sum, more) => sum + Math.max(0, more), stillRunning.length),
    ...(verifiedBy !== undefined && { verifiedBy }),
  };
}

function idOf({ sessionId, socket }: RunningId): string {
  return sessionId || socket || '';
}

/**
 * Returns the verifier of all parts together: nobody as soon as one part has processes that nobody has
 * verified, and both where one part is the server's word and another the link's.
 */
function verifierOf(parts: readonly ReceiptPart<unknown, RunningId>[]): Verifier | undefined {
  const isUnverified = ({ processes = 0, survivors = [], verifiedBy }: ReceiptPart<unknown, RunningId>) =>
    verifiedBy === undefined && processes + survivors.length > 0;
  if (parts.some(isUnverified)) return undefined;
  const [first, ...others] = new Set(parts.flatMap(({ verifiedBy }) => verifiedBy ?? []));
  return others.length > 0 ? 'both' : first;
}

export function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
