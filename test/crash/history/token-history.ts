/**
 * The history of each token as concurrent clients see it: absent, valid, ended and never back. An
 * answer counts for some moment between its request and its arrival; what no order of such moments
 * explains is a finding. Times are milliseconds since 1970, of this host's one clock.
 */

export type Reading = 'valid' | 'ended' | 'expired';

export class TokenHistory {
  readonly jti: string;
  /** From when on it may be refused for its age, in milliseconds. */
  readonly expiresMs: number;
  /** When a revocation was first asked for, and when one was first answered with success. */
  #revokingMs = Number.POSITIVE_INFINITY;
  #revokedMs = Number.POSITIVE_INFINITY;
  /** The earliest arrival of an answer that it is over. */
  #overMs = Number.POSITIVE_INFINITY;

  constructor(jti: string, expiresMs: number) {
    this.jti = jti;
    this.expiresMs = expiresMs;
  }

  get isRevoking(): boolean {
    return this.#revokingMs !== Number.POSITIVE_INFINITY;
  }

  /** Whether an answer has said so. */
  get isOver(): boolean {
    return this.#overMs !== Number.POSITIVE_INFINITY;
  }

  /** A revocation is being asked for. */
  revoking(nowMs: number): void {
    this.#revokingMs = Math.min(this.#revokingMs, nowMs);
  }

  /** A revocation was answered with success. */
  revoked(nowMs: number): void {
    this.#revokedMs = Math.min(this.#revokedMs, nowMs);
    this.#overMs = Math.min(this.#overMs, nowMs);
  }

  /** What a request from `askedMs`, answered at `answeredMs`, said; resolves to what is wrong with it. */
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
