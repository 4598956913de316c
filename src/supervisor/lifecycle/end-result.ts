import type { Verifier } from '../../merge-receipts.ts';

/** A process that should have ended. */
export interface Survivor {
  /** 0 when it is unknown. */
  readonly pid: number;
  readonly linuxUser: string;
  readonly command: string;
  /** The session that it belongs to; unset for the process of a link. */
  readonly sessionId?: string;
  /** Socket of the link whose process it is. */
  readonly socket?: string;
  /** True when nobody could tell whether it still runs. */
  readonly isUnconfirmed?: boolean;
  /** True when the server itself has seen it run; otherwise its pid may be anything that a link says. */
  readonly isSeen?: boolean;
}

/** The result of ending a link or a session. */
export interface EndResult {
  /** False when something survived, or may have. */
  readonly hasEnded: boolean;
  /** Number of programs' processes ended; links and keepers do not count. */
  readonly processes: number;
  readonly survivors: readonly Survivor[];
  /** Unset unless somebody has verified the end. */
  readonly verifiedBy?: Verifier;
}
