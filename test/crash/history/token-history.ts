/**
 * The history of each token as concurrent clients see it: absent, valid, ended, and never back. An answer
 * holds for some moment between its request and its arrival; a finding is what no order of such moments
 * explains. Times are milliseconds since 1970 of the same clock.
 */

export type Reading = 'valid' | 'ended' | 'expired';

export class TokenHistory {
  readonly jti: string;
  /** Time from which on it may be refused as expired. */
  readonly expiresMs: number;
  /** Times of the first request for a revocation, and of the first acknowledgement. */
  #revokingMs = Number.POSITIVE_INFINITY;
  #revokedMs = Number.POSITIVE_INFINITY;
  /** Time of the earliest answer that it has ended. */
  #overMs = Number.POSITIVE_INFINITY;

  constructor(jti: string, expiresMs: number) {
    this.jti = jti;
    this.expiresMs = expiresMs;
  }

  get isRevoking(): boolean {
    return this.#revokingMs !== Number.POSITIVE_INFINITY;
  }

  /** True when an answer has said that it has ended. */
  get isOver(): boolean {
    return this.#overMs !== Number.POSITIVE_INFINITY;
  }

  /** Records a request for a revocation. */
  revoking(nowMs: number): void {
    this.#revokingMs = Math.min(this.#revokingMs, nowMs);
  }

  /** Records an acknowledged revocation. */
  revoked(nowMs: number): void {
    this.#revokedMs = Math.min(this.#revokedMs, nowMs);
    this.#overMs = Math.min(this.#overMs, nowMs);
  }

  /**
   * Records an answer to a request made at `askedMs` and answered at `answeredMs`; returns what is wrong
   * with it, if anything.
   */
  read(reading: Reading, askedMs: number, answeredMs: number): string | undefined {
    const at = `${this.jti}, asked at ${askedMs}, answered at ${answeredMs}`;
    if (reading === 'valid') {
      if (askedMs > this.#revokedMs) return `${at}: valid, though revoked at ${this.#revokedMs}`;
      if (askedMs > this.#overMs) return `${at}: valid, though over at ${this.#overMs}`;
      if (askedMs > this.expiresMs) return `${at}: valid, though expired at ${this.expiresMs}`;
      return undefined;
    }
    this.#overMs = Math.min(this.#overMs, answeredMs);
    if (reading === 'expired' && answeredMs < this.expiresMs)
      return `${at}: expired before ${this.expiresMs}`;
    const reasonMs = Math.min(this.#revokingMs, this.expiresMs);
    return answeredMs < reasonMs ? `${at}: over, and nobody had revoked it` : undefined;
  }
}
