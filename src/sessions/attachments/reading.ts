/**
 * Attaches clients to sessions, and reads their output: for a session's owner, and for nobody while it is
 * cordoned.
 */
import { AppError } from '../../errors.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { LinkConnection } from '../../supervisor/connection/link-connection.ts';
import type { OutputEnd, OutputPiece } from '../../supervisor/connection/output-reader.ts';
import { checkOffset, type ReadOptions } from '../../supervisor/connection/output-readers.ts';
import type { Links } from '../../supervisor/links.ts';
import type { Records } from '../records.ts';
import { ensureLink, linkOf, runningLinkOf, type SessionLinks } from '../session-link.ts';
import type { Reader, VisibleSessions } from '../visible-sessions.ts';
import { Attachment } from './attachment.ts';
import { readAcrossLinks } from './output.ts';
import type { SessionClients } from './session-clients.ts';
import type { Terminals } from './terminals.ts';

export interface ReadingOptions {
  readonly records: Pick<Records, 'attach'>;
  readonly visible: Pick<VisibleSessions, 'own'>;
  readonly clients: SessionClients;
  readonly terminals: Terminals;
  readonly links: SessionLinks & Pick<Links, 'obtain'>;
}

export interface ReadRequest extends Reader {
  /** Offset of the first byte to read; -1 for new output only, -1 - n from the last n bytes on. */
  readonly offset: number;
  /** True to continue with output that is printed later. */
  readonly follow: boolean;
  /** True to be told when the output was printed, where that is known. */
  readonly times?: boolean;
  readonly signal?: AbortSignal;
  /** Ends the reader's call, when the session is cordoned or the reader disconnected. */
  readonly end?: (error: AppError) => void;
}

/** A request to attach; with `watch`, the client only reads. */
export type AttachRequest = Omit<ReadRequest, 'follow' | 'times'> & { readonly watch?: boolean };

/** Bytes that the writer of a terminal may be behind in the server: it waits for the effect of ^C. */
const TERMINAL_WINDOW_BYTES = 64 * 1024;

export class Reading {
  readonly #options: ReadingOptions;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  /** See Sessions.attach. */
  async attach({ watch = false, ...request }: AttachRequest): Promise<Attachment> {
    const { records, visible, links, terminals } = this.#options;
    const { sessionId, signal, offset } = request;
    checkOffset(offset); // before the client counts as attached
    using entered = new DisposableStack();
    const { row, client } = await this.#enter(request);
    entered.use(client);
    await ensureLink(links, row, request.claims);
    linkOf(links, row);
    entered.defer(records.attach(row));
    const terminal = terminals.enter(row, !watch);
    if (terminal !== undefined) entered.use(terminal);
    const held = {
      hold: terminal?.hold ?? !watch,
      ...(terminal !== undefined && { window: TERMINAL_WINDOW_BYTES }),
    };
    const attached = entered.move();
    return Attachment.open(sessionId, {
      terminal,
      watch,
      read: (requested, until) => this.#read({ ...request, follow: true, signal: until }, held, requested),
      link: async () => runningLinkOf(links, await visible.own(request)),
      onDetached: () => attached.dispose(),
      signal,
    });
  }

  /** See Sessions.readOutput. */
  async *readOutput(request: ReadRequest): AsyncGenerator<OutputPiece, OutputEnd> {
    checkOffset(request.offset);
    const { row, client } = await this.#enter(request);
    using _entered = client;
    await ensureLink(this.#options.links, row, request.claims);
    return yield* this.#read(request, { hold: false });
  }

  /**
   * Counts the reader among the session's clients, until `client` is disposed of. A cut while it was checked
   * that it may read has not found it: it is checked again.
   */
  async #enter(request: Reader & Pick<ReadRequest, 'end'>): Promise<{ row: SessionRow; client: Disposable }> {
    const { visible, clients } = this.#options;
    for (;;) {
      const { cuts } = clients;
      const row = await visible.own(request);
      if (clients.cuts !== cuts) continue;
      return {
        row,
        client: clients.enter(row.id, { jti: request.claims.jti, end: request.end ?? (() => {}) }),
      };
    }
  }

  #read(
    { claims, seesAll, sessionId, end: _, ...options }: ReadRequest,
    held: Pick<ReadOptions, 'hold' | 'window'>,
    requested?: () => void,
  ): AsyncGenerator<OutputPiece, OutputEnd> {
    const { visible, links } = this.#options;
    let readableFrom = 0;
    const link = async (): Promise<LinkConnection> => {
      const row = await visible.own({ claims, sessionId, ...(seesAll && { seesAll }) });
      checkReadable(row, options.offset);
      readableFrom = row.readable_from;
      const connection = linkOf(links, row);
      // A link reports the end of a session that it does not know only after `adopt`.
      if (row.state === 'ended' && row.exit_status === null) await connection.adopt([sessionId]);
      return connection;
    };
    const reading = readAcrossLinks(sessionId, { ...options, ...held }, link, requested);
    return options.offset < -1 ? fromOffset(reading, () => readableFrom) : reading;
  }
}

/** Leaves out what lies before the offset `first`. */
async function* fromOffset(
  reading: AsyncGenerator<OutputPiece, OutputEnd>,
  first: () => number,
): AsyncGenerator<OutputPiece, OutputEnd> {
  try {
    for (;;) {
      const { done, value } = await reading.next();
      if (done) return value;
      const hidden = Math.max(0, first() - value.offset);
      const data = value.data.subarray(hidden);
      if (data.length > 0 || value.times !== undefined)
        yield { ...value, offset: value.offset + hidden, data };
    }
  } finally {
    await reading.return({});
  }
}

/** Throws OUTPUT_DROPPED for an offset in what was printed before the session was given to its owner. */
function checkReadable({ readable_from }: SessionRow, offset: number): void {
  if (offset < 0 || offset >= readable_from) return;
  const message = `the first ${readable_from} bytes were printed for an earlier owner of this session`;
  throw new AppError('OUTPUT_DROPPED', message, { details: { firstOffset: `${readable_from}` } });
}
