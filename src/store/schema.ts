/**
 * The tables. Rows are as the database holds them: booleans are 0 or 1, lists are JSON text, times have
 * the unit noted below. Only the claims of tokens are stored, never a token (F4).
 */
import type { Kysely } from 'kysely';

/** A database with these tables, or a transaction in it. */
export type Db = Kysely<Schema>;

export interface Schema {
  meta: MetaRow;
  tokens: TokenRow;
  logins: LoginRow;
  links: LinkRow;
  sessions: SessionRow;
  failed_logins: FailedLoginsRow;
  known_places: KnownPlaceRow;
  known_logins: KnownLoginRow;
  everyone: EveryoneRow;
}

/** A property of the whole database, such as its schema version. */
export interface MetaRow {
  readonly key: string;
  readonly value: string;
}

/** A live token: an entry of the whitelist (F3). Times are in seconds since 1970. */
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

/** A login with live tokens. Maintained by triggers of the database. */
export interface LoginRow {
  readonly login: string;
  /** Number of live tokens. */
  readonly tokens: number;
  /** Seconds since 1970; in the view of everyone, 0 when it is unknown. */
  readonly newest_issued_at: number;
}

/** A link that was initialised and has not been seen to exit. */
export interface LinkRow {
  readonly socket: string;
  readonly uid: number;
  readonly linux_user: string;
  readonly jti: string;
  readonly daemon: 0 | 1;
  readonly pid: number;
  readonly state: LinkState;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  /** JSON text of what logins of its account got when it was started; null when that is unknown. */
  readonly login_settings: string | null;
}

export type LinkState = 'ready' | 'retiring' | 'lost';

/** A session, kept after its end until its retention has expired. Times are in milliseconds since 1970. */
export interface SessionRow {
  readonly id: string;
  readonly login: string;
  readonly linux_user: string;
  readonly uid: number;
  readonly jti: string;
  readonly socket: string | null;
  /** JSON text of a list of strings: program and arguments. */
  readonly command: string;
  /** Absolute path, as a JSON string when it is not UTF-8; empty for the home directory. */
  readonly directory: string;
  readonly state: SessionState;
  readonly started_at: number;
  readonly ended_at: number | null;
  /** Exit status as the shell reports it; null while the session runs and when it is unknown. */
  readonly exit_status: number | null;
  /** When it was cordoned; null while it is not, as the two columns below. */
  readonly cordoned_at: number | null;
  /** Login of the manager who cordoned it. */
  readonly cordoned_by: string | null;
  readonly cordon_message: string | null;
  /** Offset of the first byte of output that the login may read. */
  readonly readable_from: number;
  /** The login that started it, once it has been given to another; otherwise null. */
  readonly started_by: string | null;
  /** Size of its terminal, "80x24"; null for a session without one. */
  readonly terminal: string | null;
  /**
   * Number of its processes that the kernel killed because memory had run out; null while it runs, and when
   * that is unknown.
   */
  readonly oom_kills: number | null;
}

export type SessionState = 'starting' | 'running' | 'ended';

/**
 * Failed logins as `login` from `source`; source '' is the login from anywhere, login '' everybody from this
 * source. All times are milliseconds since 1970.
 */
export interface FailedLoginsRow {
  readonly login: string;
  readonly source: string;
  /** Failures since the last success. */
  readonly streak: number;
  readonly last_at: number;
  /** When the budget is full again. */
  readonly empty_at: number;
  /** When the row no longer counts. */
  readonly until: number;
}

/** A place from which `login` has logged in. Times are milliseconds since 1970. */
export interface KnownPlaceRow {
  readonly login: string;
  readonly source: string;
  /** The last success. */
  readonly last_at: number;
  /** When the reserve for failures is full again. */
  readonly empty_at: number;
}

/**
 * A login that has ever logged in, with the account of its latest token that had one. Maintained by a trigger
 * of the database. The host's local administrator is no login.
 */
export interface KnownLoginRow {
  readonly login: string;
  readonly linux_user: string | null;
  readonly uid: number | null;
  /** Time of issue of its newest token, in seconds since 1970; null when it is unknown. */
  readonly newest_issued_at: number | null;
}

/** A login with live tokens, or one that has logged in before. A view of the database. */
export interface EveryoneRow extends LoginRow {
  /** The account of its latest token that had one. */
  readonly linux_user: string | null;
}
