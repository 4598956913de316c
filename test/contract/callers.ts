/** The callers over the wire, as data, and the answer that each of them expects. */
import { type Column, type Mark, WHO_MAY_CALL } from './who-may-call.ts';

/**
 * The end of a call: the answer itself, an answer without another's objects, or a refusal with its reason.
 */
export type Outcome = 'ok' | 'nothing' | string;

export interface CallerKind {
  /** The caller's column in the table. */
  readonly column: Column;
  /** Reason for which calls with this token, or without any, are refused. */
  readonly refused?: string;
}

export const CALLERS = {
  none: { column: 'nobody', refused: 'NOT_LOGGED_IN' },
  expired: { column: 'nobody', refused: 'TOKEN_EXPIRED' },
  revoked: { column: 'nobody', refused: 'TOKEN_NOT_ACTIVE' },
  user: { column: 'alice' },
  'other user': { column: 'mallory' },
  manager: { column: 'manager' },
  admin: { column: 'admin' },
  'link daemon': { column: 'daemon' },
  'local administrator': { column: 'root' },
  'the same token from another uid': { column: 'nobody', refused: 'LOCAL_ONLY' },
  'user from another host': { column: 'remote' },
} as const satisfies Record<string, CallerKind>;

export type CallerName = keyof typeof CALLERS;

const OUTCOMES: Readonly<Record<Mark, Outcome>> = {
  yes: 'ok',
  no: 'PERMISSION_DENIED',
  here: 'LOCAL_ONLY',
  hidden: 'NOT_FOUND',
  owner: 'PERMISSION_DENIED',
  empty: 'nothing',
  unlinked: 'LINK_REQUIRED',
};

/** Returns the answer that the table has for a caller of a method; undefined for a method that it lacks. */
export function expected(path: string, { column, refused }: CallerKind): Outcome | undefined {
  const mark = WHO_MAY_CALL.get(path)?.[column];
  if (mark === 'no' && refused !== undefined) return refused;
  return mark && OUTCOMES[mark];
}
