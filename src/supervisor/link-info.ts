/** A link as the daemon reports it to clients. */
import { AppError } from '../errors.ts';
import type { LinkState } from '../store/schema.ts';

export interface LinkInfo {
  /** Base name of its socket, which is its id. */
  readonly socket: string;
  readonly uid: number;
  readonly linuxUser: string;
  readonly jti: string;
  /** True for a link daemon, which serves the tokens without a link of their own. */
  readonly daemon: boolean;
  readonly pid: number;
  readonly state: LinkState;
  /** Version of its program. */
  readonly version: string;
  readonly createdAtMs: number;
  /** Number of running sessions. */
  readonly sessions: number;
}

/** A link has been added or changed, or was removed. */
export interface LinkChange {
  readonly kind: 'changed' | 'removed';
  readonly link: LinkInfo;
}

/** The refusal for a link that does not exist, and for one that the caller may not see. */
export function noSuchLink(): AppError {
  return new AppError('NOT_FOUND', 'there is no such link');
}
