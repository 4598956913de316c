/** What ending tokens has ended, as its parts report it and as the whole is answered (X1). */

/** Why tokens ended. */
export type EndReason = 'revoked' | 'logout' | 'expired' | 'link-ended' | 'replaced';

/** A process that an ending did not end. */
export interface Survivor {
  readonly pid: number;
  readonly linuxUser: string;
  readonly command: string;
}

/** What hung on the tokens and was ended with them, or kept. */
export interface EndedParts {
  /** Sockets. */
  readonly links: readonly string[];
  /** Ids. */
  readonly sessions: readonly string[];
  /** Ids of sessions that by the settings go on. */
  readonly keptSessions: readonly string[];
  /** How many were ended. */
  readonly processes: number;
  readonly survivors: readonly Survivor[];
  /** Who says so: the daemon, or the user's own link. Missing when there was no process to end. */
  readonly verifiedBy?: 'daemon' | 'link';
}

export interface Receipt extends EndedParts {
  /** The tokens that are refused now because of this call. */
  readonly jtis: readonly string[];
  /** From the call until all of it was over. */
  readonly milliseconds: number;
}

export const NOTHING_ENDED: EndedParts = {
  links: [],
  sessions: [],
  keptSessions: [],
  processes: 0,
  survivors: [],
};

/** The parts as one; it is only as believable as the least of them. */
export function mergeParts(parts: readonly EndedParts[]): EndedParts {
  const witnesses = parts.map(({ verifiedBy }) => verifiedBy);
  const verifiedBy = witnesses.includes('link') ? 'link' : witnesses.find((witness) => witness !== undefined);
  return {
    links: unique(parts.flatMap(({ links }) => links)),
    sessions: unique(parts.flatMap(({ sessions }) => sessions)),
    keptSessions: unique(parts.flatMap(({ keptSessions }) => keptSessions)),
    processes: parts.reduce((sum, { processes }) => sum + processes, 0),
    survivors: parts.flatMap(({ survivors }) => survivors),
    ...(verifiedBy !== undefined && { verifiedBy }),
  };
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
