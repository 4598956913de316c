/** A session as its viewers see it. */
import type { Role } from '../accounts/roles.ts';
import type { IdleAction } from '../config/settings/idle-rule.ts';
import type { SessionRow, SessionState } from '../store/schema.ts';
import type { SessionUsage } from '../supervisor/session-meter.ts';
import type { TokenClaims } from '../token/claims.ts';
import { hasRawBytes } from '../values/raw-text.ts';
import { parseTerminalSize, type TerminalSize } from '../values/terminal-size.ts';

export interface Session {
  readonly id: string;
  /** The login that owns it. */
  readonly login: string;
  /** The Linux user that its program runs as (V2). */
  readonly linuxUser: string;
  readonly uid: number;
  /** Id of the token that started it. */
  readonly jti: string;
  /** Socket of the link that looks after it; undefined while there is none. */
  readonly socket: string | undefined;
  /** Raw text (values/raw-text.ts), like the directory; empty for a login shell. */
  readonly command: readonly string[];
  /** Absolute path; empty for the home directory. */
  readonly directory: string;
  readonly state: SessionState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  /**
   * Exit status in a shell's terms (128 and the signal's number for a signal); undefined while it runs, and
   * when it is unknown.
   */
  readonly exitStatus: number | undefined;
  /**
   * Number of its processes that the kernel killed because memory had run out; undefined while it runs, and
   * when that is unknown.
   */
  readonly oomKills?: number | undefined;
  /** Number of attached clients. */
  readonly attached: number;
  /** Set while nobody can attach to it or read its output. */
  readonly cordon?: Cordon | undefined;
  /** Offset of the first byte of output that its login may read. */
  readonly readableFrom: number;
  /** The login that started it, once it has been given to another one (V3). */
  readonly startedBy?: string | undefined;
  /** Set while it is idle and has been warned. */
  readonly idle?: IdleNotice | undefined;
  /** Present size of its terminal; undefined for a session without one. */
  readonly terminal?: TerminalSize | undefined;
  /** CPU time and memory of its processes, when they were measured. */
  readonly usage?: SessionUsage | undefined;
}

export interface Cordon {
  /** The manager's message to the owner. */
  readonly message: string;
  /** Login of the manager. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A warning to an idle session: the action of the rule, and the times as milliseconds since 1970. */
export interface IdleNotice {
  readonly action: IdleAction;
  readonly sinceMs: number;
  /** Time of the action, unless the session is used before. */
  readonly actsAtMs: number;
}

/** The caller that acts on a session. */
export interface Actor {
  readonly claims: Pick<TokenClaims, 'sub' | 'jti' | 'authMethod'>;
  readonly role: Role;
  readonly peer?: { readonly address: string };
}

/** An act on a session, besides starting and ending it. */
export interface SessionAct {
  readonly kind: 'cordoned' | 'uncordoned' | 'given' | 'disconnected' | 'idle';
  /** Undefined for an act of the server itself, by a rule for idle sessions. */
  readonly by?: Actor;
  /** Number of clients that were disconnected. */
  readonly clients?: number;
}

/** A session that was added or changed, or (`removed`) whose record is gone. */
export interface SessionChange {
  readonly kind: 'changed' | 'removed';
  readonly session: Session;
  /** State before the change, when that is what has changed. */
  readonly before?: SessionState | undefined;
  /** Owner before the change, when that is what has changed. */
  readonly loginBefore?: string | undefined;
  /** Cordon before the change, when that is what has changed and there was one. */
  readonly cordonBefore?: Cordon | undefined;
  /** Set when somebody has acted on the session. */
  readonly act?: SessionAct | undefined;
}

/** Returns a directory as the store keeps it: raw bytes, which are lone surrogates, only survive in JSON. */
export function storedDirectory(directory: string): string {
  return hasRawBytes(directory) ? JSON.stringify(directory) : directory;
}

export function sessionOf(row: SessionRow, attached: number, idle?: IdleNotice): Session {
  const { id, login, uid, jti, directory, state } = row;
  return {
    id,
    login,
    linuxUser: row.linux_user,
    uid,
    jti,
    socket: row.socket ?? undefined,
    command: JSON.parse(row.command) as string[],
    directory: directory.startsWith('"') ? (JSON.parse(directory) as string) : directory,
    state,
    startedAtMs: row.started_at,
    endedAtMs: row.ended_at ?? undefined,
    exitStatus: row.exit_status ?? undefined,
    oomKills: row.oom_kills ?? undefined,
    attached,
    cordon: cordonOf(row),
    idle,
    readableFrom: row.readable_from,
    startedBy: row.started_by ?? undefined,
    terminal: row.terminal === null ? undefined : parseTerminalSize(row.terminal),
  };
}

export function cordonOf({ cordon_message, cordoned_by, cordoned_at }: SessionRow): Cordon | undefined {
  if (cordoned_at === null) return undefined;
  return { message: cordon_message ?? '', by: cordoned_by ?? '', atMs: cordoned_at };
}
