/** A process that was to end and did not. */
export interface Survivor {
  /** 0 where it is not known. */
  readonly pid: number;
  readonly linuxUser: string;
  readonly command: string;
}

/** What became of a link or a session that was to end. */
export interface EndResult {
  /** False when something survived, and for a session that its link does not know. */
  readonly isOver: boolean;
  /** How many processes were ended. */
  readonly processes: number;
  readonly survivors: readonly Survivor[];
  /** Who says so: the daemon, or the user's own link. Missing when there was nobody to say it. */
  readonly verifiedBy?: 'daemon' | 'link';
}
