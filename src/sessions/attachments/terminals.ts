/**
 * The terminals of sessions to which clients are attached. Of these clients one writes, the others watch: it
 * is the one that has attached last of those that want to write. Its own size is the terminal's size. When
 * it leaves, the one before it writes again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Condition } from '../../async/condition.ts';
import { isAppError } from '../../errors.ts';
import type { SessionRow } from '../../store/schema.ts';
import { Hold } from '../../supervisor/connection/hold.ts';
import {
  checkedTerminalSize,
  parseTerminalSize,
  type TerminalSize,
  terminalSizeText,
} from '../../values/terminal-size.ts';
import type { Records } from '../records.ts';
import { runningLinkOf, type SessionLinks } from '../session-link.ts';

const RETRY_MS = 50;
/** Time that a new size waits for the next link, in milliseconds. */
const GIVE_UP_MS = 10_000;

/** News for a client: the terminal has another size, or the client writes from now on, or no longer. */
export type TerminalChange = { readonly resized: TerminalSize } | { readonly writes: boolean };

/** A client of a terminal, until it is disposed of. */
export class TerminalClient implements Disposable {
  /** Notified when there is a change to take. */
  readonly changed = new Condition();
  /** The program waits for its writer, and for nobody else. */
  readonly hold = new Hold(false);
  /** Size of the client's own terminal, once it has told. */
  ownSize: TerminalSize | undefined;
  readonly wantsToWrite: boolean;
  readonly #terminal: Terminal;
  #size: TerminalSize | undefined;
  #writes: boolean | undefined;

  constructor(terminal: Terminal, wantsToWrite: boolean) {
    this.#terminal = terminal;
    this.wantsToWrite = wantsToWrite;
  }

  /** True when its input reaches the program. */
  get isWriter(): boolean {
    return this.#terminal.writer === this;
  }

  /** Returns the next change that the client has not been told; first its size, then whether it writes. */
  take(): TerminalChange | undefined {
    const { size, writer } = this.#terminal;
    const writes = writer === this;
    if (this.#size !== size) {
      this.#size = size;
      return { resized: size };
    }
    if (this.#writes === writes) return undefined;
    this.#writes = writes;
    return { writes };
  }

  /** Takes the size of the client's own terminal; resolves when the session's has it, if it writes. */
  async resize(size: TerminalSize): Promise<void> {
    this.ownSize = checkedTerminalSize(size, 'resize');
    await this.#terminal.settle();
  }

  [Symbol.dispose](): void {
    this.#terminal.leave(this);
  }
}

/** Sets the size of a session's terminal. Throws LINK_REQUIRED, LINK_LOST, SESSION_ENDED. */
export type Resize = (size: TerminalSize) => Promise<void>;

class Terminal {
  size: TerminalSize;
  readonly #clients = new Set<TerminalClient>();
  readonly #resize: Resize;
  readonly #record: Resize;
  readonly #onEmpty: () => void;
  #settled = Promise.resolve();

  constructor(
    size: TerminalSize,
    { resize, record, onEmpty }: { resize: Resize; record: Resize; onEmpty: () => void },
  ) {
    this.size = size;
    this.#resize = resize;
    this.#record = record;
    this.#onEmpty = onEmpty;
  }

  get writer(): TerminalClient | undefined {
    return [...this.#clients].findLast(({ wantsToWrite }) => wantsToWrite);
  }

  enter(wantsToWrite: boolean): TerminalClient {
    const client = new TerminalClient(this, wantsToWrite);
    this.#clients.add(client);
    this.#writerMayHaveChanged();
    return client;
  }

  leave(client: TerminalClient): void {
    if (!this.#clients.delete(client)) return;
    if (this.#clients.size === 0) this.#onEmpty();
    this.#writerMayHaveChanged();
  }

  /** Gives the terminal the size of its writer. Never throws: the next one tries again. */
  settle(): Promise<void> {
    this.#settled = this.#settled.then(() => this.#settle());
    return this.#settled;
  }

  async #settle(): Promise<void> {
    for (;;) {
      const wanted = this.writer?.ownSize;
      if (wanted === undefined || isSame(wanted, this.size)) return;
      if (!(await this.#apply(wanted))) return;
      this.size = wanted;
      this.#notify();
      await this.#record(wanted).catch(ignore); // the terminal has it all the same
    }
  }

  /** Waits for the next link while there is none. Returns false when the terminal cannot have the size. */
  async #apply(size: TerminalSize): Promise<boolean> {
    for (const deadline = performance.now() + GIVE_UP_MS; ; await delay(RETRY_MS)) {
      try {
        await this.#resize(size);
        return true;
      } catch (error) {
        const mayPass = isAppError(error, 'LINK_LOST') || isAppError(error, 'LINK_REQUIRED');
        if (!mayPass || performance.now() > deadline || this.#clients.size === 0) return false;
      }
    }
  }

  #writerMayHaveChanged(): void {
    const { writer } = this;
    for (const client of this.#clients) client.hold.value = client === writer;
    this.#notify();
    void this.settle();
  }

  #notify(): void {
    for (const { changed } of this.#clients) changed.notify();
  }
}

export interface TerminalsOptions {
  readonly records: Pick<Records, 'change' | 'find'>;
  readonly links: SessionLinks;
}

export class Terminals {
  readonly #options: TerminalsOptions;
  readonly #bySession = new Map<string, Terminal>();

  constructor(options: TerminalsOptions) {
    this.#options = options;
  }

  /** Adds a client of the session's terminal; undefined for a session without one. */
  enter({ id, terminal: size }: SessionRow, wantsToWrite: boolean): TerminalClient | undefined {
    if (size === null) return undefined;
    const terminal = this.#bySession.get(id) ?? this.#open(id, parseTerminalSize(size));
    return terminal.enter(wantsToWrite);
  }

  #open(id: string, size: TerminalSize): Terminal {
    const { records, links } = this.#options;
    const terminal = new Terminal(size, {
      resize: async (wanted) => {
        const row = await records.find(id);
        if (row !== undefined) await runningLinkOf(links, row).resize(id, wanted);
      },
      record: async (now) => {
        await records.change(id, () => ({ terminal: terminalSizeText(now) }));
      },
      onEmpty: () => {
        if (this.#bySession.get(id) === terminal) this.#bySession.delete(id);
      },
    });
    this.#bySession.set(id, terminal);
    return terminal;
  }
}

function isSame(one: TerminalSize, other: TerminalSize): boolean {
  return one.columns === other.columns && one.rows === other.rows;
}

function ignore(): void {}
