/** Who calls, as data, and what the policy row and the object's owner say each of them is answered. */
import type { Role } from '../../src/accounts/roles.ts';
import type { Access, Row } from '../../src/api/pipeline/policy.ts';

/** How a cell ends: with the object or what was asked for, with nothing of another's, or refused for a reason. */
export type Outcome = 'ok' | 'nothing' | string;

export interface CallerKind {
  /** What the door says to it wherever a token is needed. */
  readonly refused?: string;
  readonly role?: Role;
  /** The token of a link daemon, which few rows take. */
  readonly isLinkDaemon?: true;
  /** Has the login `alice`, whose objects all cells are about. */
  readonly owns?: true;
  /** Can run programs: is the login of a Linux user that has a link. */
  readonly hasLink?: true;
}

export const CALLERS = {
  none: { refused: 'NOT_LOGGED_IN' },
  expired: { refused: 'TOKEN_EXPIRED' },
  revoked: { refused: 'TOKEN_NOT_ACTIVE' },
  user: { role: 'user', owns: true, hasLink: true },
  'other user': { role: 'user', hasLink: true },
  manager: { role: 'manager', hasLink: true },
  admin: { role: 'admin', hasLink: true },
  'link daemon': { role: 'user', owns: true, isLinkDaemon: true },
  'local administrator': { role: 'admin' },
  'the same token from another uid': { refused: 'LOCAL_ONLY' },
} as const satisfies Record<string, CallerKind>;

export type CallerName = keyof typeof CALLERS;

/**
 * Whose things a method is about: of nobody in particular; an object that its owner and managers
 * reach (`own`), or its owner alone (`owner`); a list of them; a program of the caller's own.
 */
export type Reach = 'nobody' | 'own' | 'owner' | 'list' | 'program';

const RANK: Readonly<Record<Access, number>> = { public: 0, user: 1, manager: 2, admin: 3 };

/** The answer of one cell. */
export function expected(row: Row, reach: Reach, caller: CallerKind): Outcome {
  if (row.access === 'public') return 'ok';
  if (caller.refused !== undefined) return caller.refused;
  if (caller.isLinkDaemon && !row.linkDaemon) return 'PERMISSION_DENIED';
  const rank = RANK[caller.role ?? 'public'];
  if (rank < RANK[row.access]) return 'PERMISSION_DENIED';
  const seesAll = rank >= RANK.manager;
  switch (reach) {
    case 'nobody':
      return 'ok';
    case 'own':
      return caller.owns || seesAll ? 'ok' : 'NOT_FOUND';
    case 'owner':
      return caller.owns ? 'ok' : 'NOT_FOUND';
    case 'list':
      return caller.owns || seesAll ? 'ok' : 'nothing';
    case 'program':
      return caller.hasLink ? 'ok' : 'LINK_REQUIRED';
  }
}
