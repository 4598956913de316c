/** What the daemon says about a link to those who may ask. */
import type { LinkState } from '../store/schema.ts';

export interface LinkInfo {
  /** The base name of its socket, which is its id. */
  readonly socket: string;
  readonly uid: number;
  readonly linuxUser: string;
  readonly jti: string;
  /** Whether it serves the tokens that have no link of their own. */
  readonly daemon: boolean;
  readonly pid: number;
  readonly state: LinkState;
  /** Of the program it runs. */
  readonly version: string;
  readonly createdAtMs: number;
  /** How many running sessions it looks after. */
  readonly sessions: number;
}

/** A link has come or changed, or (`removed`) is no more. */
export interface LinkChange {
  readonly kind: 'changed' | 'removed';
  readonly link: LinkInfo;
}
