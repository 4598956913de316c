/** The grace period of an ending: the time between SIGTERM and SIGKILL, in milliseconds. */

/** Grace period where the caller names none. */
export const DEFAULT_GRACE_MS = 3_000;

/** Longest grace period that a caller may ask for. */
export const LONGEST_GRACE_MS = 60_000;
