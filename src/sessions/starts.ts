/** Starts sessions: first the record, then the link starts the program, then the record says that it runs. */
import { randomBytes } from 'node:crypto';
import type { Authority } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { SessionRow } from '../store/schema.ts';
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import { LinkRefusal } from '../supervisor/connection/link-error.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { Links } from '../supervisor/links.ts';
import { bytesOf } from '../values/raw-text.ts';
import { terminalSizeText } from '../values/terminal-size.ts';
import type { Records } from './records.ts';
import { storedDirectory } from './session.ts';
import { shortenCommand } from './shorten-command.ts';
import { checkStart, type StartRequest } from './start-request.ts';

const ID_BYTES = 10;

export interface StartsOptions {
  readonly authority: Pick<Authority, 'isActive'>;
  readonly links: Pick<Links, 'forClaims' | 'obtain' | 'refresh'>;
  readonly records: Records;
  /** Maximum output kept for a session, in bytes. */
  readonly settings: () => { readonly outputLimitBytes: number };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

export class Starts {
  readonly #options: StartsOptions;
  /** Ids of starts that are not answered yet. */
  readonly #unanswered = new Set<string>();

  constructor(options: StartsOptions) {
    this.#options = options;
  }

  get unanswered(): ReadonlySet<string> {
    return this.#unanswered;
  }

  /** Returns the session once its program runs. Throws what Sessions.start throws. */
  async start(request: StartRequest): Promise<SessionRow> {
    const { links, records } = this.#options;
    const { claims } = request;
    const { firstInput } = checkStart(request);
    const { info } = await links.obtain(claims);
    const row = this.#newRow(request, info);
    this.#unanswered.add(row.id);
    try {
      const refreshed = links.refresh(claims, info).catch(notSent);
      refreshed.catch(() => {}); // awaited after the record, which its failure removes
      await records.add(row);
      await refreshed;
      await this.#run(row, request, firstInput);
      this.#recordRunning(row.id);
      return { ...row, state: 'running' };
    } catch (error) {
      throw await this.#errorOf(row, error);
    } finally {
      this.#unanswered.delete(row.id);
    }
  }

  /** Records that the session runs. Not awaited: if it fails, the link reports it to the next daemon. */
  #recordRunning(id: string): void {
    const { records, log } = this.#options;
    records.change(id, isStarted).catch((error) => {
      log.warn({ err: error, session: id }, 'cannot record that a session runs');
    });
  }

  #newRow({ claims, command, directory, terminal }: StartRequest, link: LinkInfo): SessionRow {
    const { linuxUser, uid, socket } = link;
    return {
      id: `s${randomBytes(ID_BYTES).toString('hex')}`,
      login: claims.sub,
      linux_user: linuxUser,
      uid,
      jti: claims.jti,
      socket,
      command: shortenCommand(command),
      directory: storedDirectory(directory),
      state: 'starting',
      started_at: this.#options.now(),
      ended_at: null,
      exit_status: null,
      cordoned_at: null,
      cordoned_by: null,
      cordon_message: null,
      readable_from: 0,
      started_by: null,
      oom_kills: null,
      terminal: terminal === undefined ? null : terminalSizeText(terminal),
    };
  }

  async #run(row: SessionRow, request: StartRequest, firstInput: Buffer): Promise<void> {
    const { authority, settings } = this.#options;
    const { claims, command, environment, directory, input, attach = false, terminal } = request;
    const variables = Object.entries(environment).map(([name, value]) => [name, bytesOf(value)]);
    const program = {
      command: command.map(bytesOf),
      environment: Object.fromEntries(variables) as Record<string, Buffer>,
      directory: bytesOf(directory),
      firstInput,
      input,
      terminal,
    };
    const output = { outputLimit: settings().outputLimitBytes, awaitReader: attach };
    await this.#onLinkFor(row, request, (link) => {
      if (!authority.isActive(claims.jti))
        throw new NotSent('TOKEN_NOT_ACTIVE', 'the token was revoked during the start; log in again');
      return link.start({ sessionId: row.id, ...program, ...output });
    });
  }

  /**
   * Calls `send` with the link that accepts the start now, after recording which one it is. Nothing is
   * awaited between finding the link and sending the start: neither a token that has been revoked by now
   * starts anything, nor a link that has been told to retire.
   */
  async #onLinkFor(
    row: SessionRow,
    { claims }: StartRequest,
    send: (link: LinkConnection) => Promise<unknown>,
  ): Promise<void> {
    const { links, records } = this.#options;
    for (let { socket } = row; ; ) {
      const link = orNotSent(() => links.forClaims(claims, row.uid));
      if (link.info.socket === socket) return void (await send(link));
      socket = link.info.socket;
      await records.change(row.id, () => ({ socket }));
    }
  }

  /**
   * Removes the record of a program that never ran. When the link was lost, the outcome is unknown and it
   * stays.
   */
  async #errorOf(row: SessionRow, error: unknown): Promise<unknown> {
    if (error instanceof LinkRefusal || error instanceof NotSent) {
      await this.#options.records.remove([row]);
      return error;
    }
    if (!(error instanceof AppError) || error.reason !== 'LINK_LOST') return error;
    const details = { sessionId: row.id };
    const message = 'the link was lost before it could report whether the program runs; check the session';
    return new AppError('LINK_LOST', message, { details, cause: error });
  }
}

/** An error before the start was sent. */
class NotSent extends AppError {}

function notSent(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  throw new NotSent(error.reason, error.message, { details: error.details });
}

function orNotSent<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    return notSent(error);
  }
}

function isStarted({ state }: SessionRow): Partial<SessionRow> | undefined {
  return state === 'starting' ? { state: 'running' } : undefined;
}
