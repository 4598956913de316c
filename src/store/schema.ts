/**
 * What is kept, as tables. Rows are what the database holds: booleans are 0 or 1, lists are JSON
 * text, times say their unit below. Only claims of tokens are kept, never a token (F4).
 */

export interface Schema {
  meta: MetaRow;
  tokens: TokenRow;
  logins: LoginRow;
  links: LinkRow;
  sessions: SessionRow;
  penalties: PenaltyRow;
}

/** A single fact about the whole, such as the version of this schema. */
export interface MetaRow {
  readonly key: string;
  readonly value: string;
}

/** A live token: an entry of the whitelist (F3). Times in seconds. */
export interface TokenRow {
  readonly jti: string;
  readonly login: string;
  readonly linux_user: string | null;
  readonly uid: number | null;
  readonly auth_method: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly client_ip: string | null;
  readonly hostname: string | null;
  readonly socket: string | null;
  readonly daemon: 0 | 1;
  readonly parent: string | null;
  /** JSON text of TokenClaims. */
  readonly claims: string;
}

/** A login with live tokens; the database keeps it by itself, as tokens come and go. */
export interface LoginRow {
  readonly login: string;
  /** How many. */
  readonly tokens: number;
  /** Seconds. */
  readonly newest_issued_at: number;
}

/** A link that was initialised and not yet seen to end. */
export interface LinkRow {
  readonly socket: string;
  readonly uid: number;
  readonly linux_user: string;
  readonly jti: string;
  readonly daemon: 0 | 1;
  readonly pid: number;
  readonly state: LinkState;
  readonly version: string;
  /** Milliseconds. */
  readonly created_at: number;
}

export type LinkState = 'ready' | 'retiring' | 'lost';

/** A session, also after its end until its retention is over. Times in milliseconds. */
export interface SessionRow {
  readonly id: string;
  readonly login: string;
  readonly linux_user: string;
  readonly uid: number;
  readonly jti: string;
  readonly socket: string | null;
  /** JSON text of a list of strings: program and arguments. */
  readonly command: string;
  readonly directory: string;
  readonly state: SessionState;
  readonly started_at: number;
  readonly ended_at: number | null;
  /** As the shell has it; null while it runs and when nobody could see it. */
  readonly exit_status: number | null;
}

export type SessionState = 'starting' | 'running' | 'ended';

/** What failed logins as `login` cost whoever comes from `source`; of '' what they cost the login as a whole. */
export interface PenaltyRow {
  readonly login: string;
  readonly source: string;
  /** When it has run off: milliseconds. */
  readonly until: number;
}
