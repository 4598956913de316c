/**
 * Keeps people from sessions that go on. Owners and managers disconnect the clients of a session; managers
 * cordon one, so that nobody can attach to it or read its output, and uncordon it; administrators give a
 * cordoned session to another login. Never ends a session.
 */
import { seesAll } from '../../accounts/roles.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { SessionClients } from '../attachments/session-clients.ts';
import type { Records } from '../records.ts';
import type { Actor, Session } from '../session.ts';
import { cordonedError, noSuchSession, type Viewer, type VisibleSessions } from '../visible-sessions.ts';
import type { NewOwner } from './new-owner.ts';

export interface CordonsOptions {
  readonly records: Pick<Records, 'change' | 'view' | 'acted'>;
  readonly visible: Pick<VisibleSessions, 'get'>;
  readonly clients: SessionClients;
  readonly newOwner: Pick<NewOwner, 'find'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** With `validateOnly` nothing is changed, and the result is what it would be now. */
interface Trial {
  readonly validateOnly: boolean;
}

export interface Uncordoning extends Trial {
  /** The login that owns the session from now on; empty for its present owner. */
  readonly login: string;
  /** True to let that login read what was printed before. */
  readonly withOutput: boolean;
}

const LONGEST_MESSAGE = 300;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const NOT_ONE_LINE = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const UNCORDONED = { cordoned_at: null, cordoned_by: null, cordon_message: null };

export class Cordons {
  readonly #options: CordonsOptions;

  constructor(options: CordonsOptions) {
    this.#options = options;
  }

  /**
   * Ends the calls of the clients that are attached to a session or read its output; with `othersOnly` not of
   * those that use the actor's token. Returns their number. Throws NOT_FOUND.
   */
  async disconnect(
    by: Actor,
    sessionId: string,
    { othersOnly, validateOnly }: Trial & { readonly othersOnly: boolean },
  ): Promise<number> {
    const { records, visible, clients } = this.#options;
    const row = await visible.get(viewerOf(by), sessionId);
    const own = othersOnly ? by.claims.jti : undefined;
    if (validateOnly) return clients.count(row.id, own);
    const cut = clients.cut(row.id, disconnectedError(by), own);
    if (cut > 0) records.acted(row, { kind: 'disconnected', by, clients: cut });
    return cut;
  }

  /**
   * Cordons a session, or replaces the message of one that is cordoned, and cuts its clients. Throws
   * NOT_FOUND, SESSION_ENDED, INVALID_ARGUMENT.
   */
  async cordon(
    by: Actor,
    sessionId: string,
    { message, validateOnly }: Trial & { readonly message: string },
  ): Promise<{ session: Session; disconnected: number }> {
    const { records, visible, clients, now } = this.#options;
    checkMessage(message);
    const cordon = { message, by: by.claims.sub, atMs: now() };
    const patch = (row: SessionRow): Partial<SessionRow> | undefined => {
      if (row.state === 'ended') throw new AppError('SESSION_ENDED', 'the session has ended');
      if (row.cordon_message === message) return undefined;
      return { cordoned_at: cordon.atMs, cordoned_by: cordon.by, cordon_message: message };
    };
    const row = await visible.get(viewerOf(by), sessionId);
    if (validateOnly) {
      const session = records.view({ ...row, ...patch(row) });
      return { session, disconnected: clients.count(row.id) };
    }
    const changed = present(await records.change(row.id, patch, { kind: 'cordoned', by }));
    const disconnected = clients.cut(row.id, cordonedError(cordon));
    return { session: records.view(changed), disconnected };
  }

  /**
   * Uncordons a session, and may give it to another login. Does nothing to one that is not cordoned and
   * belongs to that login. Throws NOT_FOUND, INVALID_ARGUMENT, and what NewOwner.find throws.
   */
  async uncordon(
    by: Actor,
    sessionId: string,
    { login, withOutput, validateOnly }: Uncordoning,
  ): Promise<Session> {
    const { records, visible, newOwner } = this.#options;
    const row = await visible.get(viewerOf(by), sessionId);
    if (login === '' && withOutput) throw invalidField('with_output', 'needs the login that may read it');
    const given = login === '' ? undefined : await newOwner.find(by, row, { login, withOutput });
    const patch = (now: SessionRow): Partial<SessionRow> | undefined => {
      const changed = given?.(now);
      return changed || now.cordoned_at !== null ? { ...changed, ...UNCORDONED } : undefined;
    };
    if (validateOnly) return records.view({ ...row, ...patch(row) });
    const kind = login === '' || login === row.login ? 'uncordoned' : 'given';
    return records.view(present(await records.change(row.id, patch, { kind, by })));
  }
}

function viewerOf({ claims, role }: Actor): Viewer {
  return { login: claims.sub, seesAll: seesAll({ role }) };
}

function present(row: SessionRow | undefined): SessionRow {
  if (row === undefined) throw noSuchSession();
  return row;
}

function disconnectedError({ claims }: Actor): AppError {
  const message = `disconnected by ${claims.sub}; the session continues`;
  return new AppError('SESSION_DISCONNECTED', message, { details: { disconnectedBy: claims.sub } });
}

/** Throws INVALID_ARGUMENT. */
function checkMessage(message: string): void {
  if (message.trim() === '') throw invalidField('message', "must say why: the session's owner is shown it");
  if (message.length > LONGEST_MESSAGE)
    throw invalidField('message', `must be at most ${LONGEST_MESSAGE} characters`);
  if (NOT_ONE_LINE.test(message))
    throw invalidField('message', 'must be one line without control characters');
}
