export interface Figures {
  kills: number;
  issued: number;
  /** Tokens issued by logins over SSH; all others are issued through links. */
  logins: number;
  revoked: number;
  unanswered: number;
  /** Requests answered with STORE_UNAVAILABLE. */
  unstored: number;
  /** Syncs of the daemon that were made to fail. */
  failedSyncs: number;
  /** Times that the daemon has worked again after a trouble, without a restart. */
  recoveries: number;
  /** Acknowledged starts of programs, other than those that print lines. */
  programs: number;
  lines: number;
  /** Longest time from the start of a daemon after a kill to its first response, in milliseconds. */
  slowestStartMs: number;
}

export function noFigures(): Figures {
  return {
    kills: 0,
    issued: 0,
    logins: 0,
    revoked: 0,
    unanswered: 0,
    unstored: 0,
    failedSyncs: 0,
    recoveries: 0,
    programs: 0,
    lines: 0,
    slowestStartMs: 0,
  };
}
