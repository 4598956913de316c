/** What clients know of each token, and what they may therefore see of it: a promise that was made is kept. */

/** The server has not been asked, has been and did not answer, or has answered that it is done. */
export type Asked = 'no' | 'unanswered' | 'done';

export interface KnownToken {
  readonly jti: string;
  readonly token: string;
  readonly socket: string;
  /** The account that it is of. */
  readonly owner: string;
  /** Whether the registration was answered. */
  readonly issued: Exclude<Asked, 'no'>;
  revoked: Asked;
  /** Was refused at a time when that could not be undone: after an acknowledgement, or a restart. */
  isOver: boolean;
}

/** What the server says to a token; undefined when it says nothing. */
export type Seen = 'accepted' | 'refused' | undefined;

/** Why this must not be seen of `known`, or undefined when it may. */
export function broken(known: KnownToken, seen: Seen): string | undefined {
  const { jti, issued, revoked, isOver } = known;
  if (seen === 'accepted' && revoked === 'done')
    return `${jti}: accepted after its revocation was acknowledged`;
  if (seen === 'accepted' && isOver) return `${jti}: refused once, and accepted again`;
  if (seen === 'refused' && issued === 'done' && revoked === 'no' && !isOver)
    return `${jti}: acknowledged and never revoked, but refused`;
  return undefined;
}

/** After a restart nothing is under way: what is seen of `known` now is what it stays. */
export function settle(known: KnownToken, seen: Seen): void {
  if (seen === 'refused') known.isOver = true;
  if (seen === 'accepted') known.revoked = 'no';
}
