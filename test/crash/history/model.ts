/**
 * The clients' knowledge of each token, and what they may therefore observe: an acknowledged change is
 * kept.
 */

/** State of a request: not made, made without an answer, or acknowledged. */
export type Asked = 'no' | 'unanswered' | 'done';

export interface KnownToken {
  readonly jti: string;
  readonly token: string;
  readonly socket: string;
  /** The account that owns it. */
  readonly owner: string;
  /** State of the registration's answer. */
  readonly issued: Exclude<Asked, 'no'>;
  revoked: Asked;
  /** True when it was refused at a time that makes this final: after an acknowledgement, or a restart. */
  isOver: boolean;
}

/** The server's reaction to a token; undefined when there is none. */
export type Seen = 'accepted' | 'refused' | undefined;

/** Returns why `seen` contradicts what is known; undefined when it does not. */
export function contradiction(known: KnownToken, seen: Seen): string | undefined {
  const { jti, issued, revoked, isOver } = known;
  if (seen === 'accepted' && revoked === 'done')
    return `${jti}: accepted after its revocation was acknowledged`;
  if (seen === 'accepted' && isOver) return `${jti}: refused once, and accepted again`;
  if (seen === 'refused' && issued === 'done' && revoked === 'no' && !isOver)
    return `${jti}: acknowledged and never revoked, but refused`;
  return undefined;
}

/** Settles the token after a restart, when no request is in progress: what is seen now is final. */
export function settle(known: KnownToken, seen: Seen): void {
  if (seen === 'refused') known.isOver = true;
  if (seen === 'accepted') known.revoked = 'no';
}
