/** A process that could not be ended. */
export interface Survivor {
  /** 0 when it is unknown. */
  readonly pid: number;
  readonly linuxUser: string;
  readonly command: string;
}

/** The result of ending a link or a session. */
export interface EndResult {
  /** False when something survived, and for a session that its link does not know. */
  readonly hasEnded: boolean;
  /** Number of processes ended. */
  readonly processes: number;
  readonly survivors: readonly Survivor[];
  /** The verifier of the result: the daemon, or the user's own link. Unset when nobody could verify it. */
  readonly verifiedBy?: 'daemon' | 'link';
}
