/** A session as those who may see it see it. */
import type { SessionRow, SessionState } from '../store/schema.ts';

export interface Session {
  readonly id: string;
  /** Who owns it. */
  readonly login: string;
  /** Who runs it (V2). */
  readonly linuxUser: string;
  readonly uid: number;
  /** The token that started it. */
  readonly jti: string;
  /** The link that looks after it; undefined when none does now. */
  readonly socket: string | undefined;
  readonly command: readonly string[];
  /** Empty for the home directory. */
  readonly directory: string;
  readonly state: SessionState;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  /** As a shell has it; undefined while it runs, and when nobody could see it. */
  readonly exitStatus: number | undefined;
  /** How many clients are attached. */
  readonly attached: number;
}

/** A session has come or changed, or (`removed`) its record is gone. */
export interface SessionChange {
  readonly kind: 'changed' | 'removed';
  readonly session: Session;
}

export function sessionOf(row: SessionRow, attached: number): Session {
  const { id, login, uid, jti, directory, state } = row;
  return {
    id,
    login,
    linuxUser: row.linux_user,
    uid,
    jti,
    socket: row.socket ?? undefined,
    command: JSON.parse(row.command) as string[],
    directory,
    state,
    startedAtMs: row.started_at,
    endedAtMs: row.ended_at ?? undefined,
    exitStatus: row.exit_status ?? undefined,
    attached,
  };
}
