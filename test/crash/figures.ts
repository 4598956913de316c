export interface Figures {
  kills: number;
  issued: number;
  /** Of these by SSH, the others through links. */
  logins: number;
  revoked: number;
  unanswered: number;
  /** Requests answered with STORE_UNAVAILABLE. */
  unstored: number;
  /** Syncs of the daemon that were made to fail. */
  failedSyncs: number;
  /** Times that the daemon has worked again after trouble, without a restart. */
  recoveries: number;
  /** Programs whose start was acknowledged, beside those that print lines. */
  programs: number;
  lines: number;
  /** The longest time from the start of a killed daemon to its first answers. */
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
