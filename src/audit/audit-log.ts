/**
 * One line of the log for each token that is issued, each revocation, each session that starts or ends, and
 * each act on a session. Refused logins are logged by the login room, with fields of the same names.
 * README.md lists the fields; programs may rely on them. A line contains no token, and of a command only the
 * program's name.
 */
import type { EndReason, TokenChange } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';
import type { Session, SessionAct, SessionChange } from '../sessions/session.ts';

export interface AuditLogOptions {
  readonly log: Pick<Log, 'info'>;
}

/** The result of a revocation. */
export interface Ended {
  readonly jtis: readonly string[];
  readonly links: readonly string[];
  readonly sessions: readonly string[];
  readonly keptSessions: readonly string[];
  readonly processes: number;
  readonly survivors: readonly { readonly pid: number }[];
}

/** The caller of a revocation; none when the server itself revokes. */
export interface RevokedBy {
  readonly claims: { readonly sub: string; readonly jti: string; readonly authMethod: string };
  readonly peer?: { readonly address: string };
}

/** Ids in one line, at most: the journal splits longer lines (LineMax= in journald.conf(5)). */
const MAX_IDS = 200;
/** Removed tokens whose logins are remembered until their revocation is logged. */
const MAX_REMOVED = 10_000;
const MAX_PROGRAM_LENGTH = 128;

export class AuditLog {
  readonly #log: Pick<Log, 'info'>;
  /** Logins by token id, those removed last at the end. */
  readonly #removed = new Map<string, string>();

  constructor({ log }: AuditLogOptions) {
    this.#log = log;
  }

  readonly tokenChanged = (change: TokenChange): void => {
    const { sub, jti, user, authMethod, clientIp, socket, parent, exp } = change.claims;
    if (change.kind === 'removed') this.#remember(jti, sub);
    if (change.kind !== 'added') return;
    const { sshFrom } = change;
    const who = { event: 'issued', login: sub, linuxUser: user, jti, method: authMethod, from: clientIp };
    this.#log.info({ ...who, sshFrom, parent, socket, expires: iso(exp * 1000) }, 'token issued');
  };

  readonly sessionChanged = ({ kind, session, before, ...change }: SessionChange): void => {
    if (kind !== 'changed') return;
    const { id, login, linuxUser, jti, command, state, exitStatus, oomKills } = session;
    const who = { session: id, login, linuxUser, jti };
    if (change.act !== undefined) this.#acted(who, session, change, change.act);
    if (before === undefined) return;
    if (before === 'starting')
      this.#log.info({ event: 'session-started', ...who, program: programOf(command) }, 'session started');
    if (state === 'ended')
      this.#log.info(
        { event: 'session-ended', ...who, status: exitStatus ?? null, oomKills: oomKills || undefined },
        'session ended',
      );
  };

  /** Logs what a revocation has ended; `error` is set when it is not complete. */
  revoked(ended: Ended, why: EndReason, by?: RevokedBy, error?: unknown): void {
    const { jtis, links, sessions, keptSessions, processes, survivors } = ended;
    if (jtis.length + links.length + sessions.length + survivors.length === 0) return;
    const logins = [...new Set(jtis.flatMap((jti) => this.#removed.get(jti) ?? []))];
    for (const jti of jtis) this.#removed.delete(jti);
    const who = { event: 'revoked', why, ...requesterOf(by) };
    const pids = survivors.map(({ pid }) => pid);
    const failed = error === undefined ? {} : { err: error };
    const lists = { logins, jtis, links, sessions, kept: keptSessions, survivors: pids };
    for (const part of partsOf(lists)) this.#log.info({ ...who, ...part, processes, ...failed }, 'revoked');
  }

  #acted(
    who: object,
    session: Session,
    { loginBefore }: Pick<SessionChange, 'loginBefore'>,
    act: SessionAct,
  ): void {
    const { kind, by, clients } = act;
    const message = kind === 'cordoned' ? session.cordon?.message : undefined;
    const given = kind === 'given' ? { loginBefore, readableFrom: session.readableFrom } : {};
    const event = { event: `session-${kind}`, ...who, ...requesterOf(by) };
    const idle = kind === 'idle' ? idleFields(session) : {};
    this.#log.info({ ...event, cordon: message, ...given, ...idle, clients }, `session ${kind}`);
  }

  #remember(jti: string, login: string): void {
    this.#removed.set(jti, login);
    const [oldest] = this.#removed.keys();
    if (this.#removed.size > MAX_REMOVED && oldest !== undefined) this.#removed.delete(oldest);
  }
}

function requesterOf(by: RevokedBy | undefined): object {
  return {
    by: by?.claims.sub,
    byJti: by?.claims.jti,
    byMethod: by?.claims.authMethod,
    from: by?.peer?.address,
  };
}

function idleFields({ idle }: Session): object {
  if (idle === undefined) return {};
  return { action: idle.action, since: iso(idle.sinceMs), until: iso(idle.actsAtMs) };
}

/** Splits long lists over several lines. */
function partsOf(lists: Readonly<Record<string, readonly unknown[]>>): Record<string, readonly unknown[]>[] {
  const longest = Math.max(...Object.values(lists).map(({ length }) => length));
  return Array.from({ length: Math.ceil(longest / MAX_IDS) }, (_, at) =>
    Object.fromEntries(
      Object.entries(lists).map(([name, ids]) => [name, ids.slice(at * MAX_IDS, (at + 1) * MAX_IDS)]),
    ),
  );
}

/** Returns the program's name, without the arguments, which may be secrets. */
function programOf([program = '']: readonly string[]): string {
  return program.length > MAX_PROGRAM_LENGTH ? `${program.slice(0, MAX_PROGRAM_LENGTH)}…` : program;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
