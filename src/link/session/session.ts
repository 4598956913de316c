/**
 * One running session: moves the program's output, writes its input, and watches for its end. It has ended
 * once its keeper has reported so and all its output is in the log; only then is the keeper killed.
 */
import { constants } from 'node:os';
import { AppError } from '../../errors.ts';
import type { Ended, Exited, SessionState } from '../../generated/latchkey/link/v1/link.ts';
import { checkedTerminalSize, type TerminalSize } from '../../values/terminal-size.ts';
import { findKeeper, type KeeperPipes } from '../keeper/keeper.ts';
import { watchKeeper } from '../keeper/keeper-watch.ts';
import { programBegun } from '../keeper/program-begun.ts';
import type { OutputLog } from '../output/output-log.ts';
import { OutputPump } from '../output/output-pump.ts';
import type { Listener, OutputSource } from '../output/output-source.ts';
import type { SessionProcesses } from '../processes/descendants.ts';
import { endProcesses, send } from '../processes/end-processes.ts';
import type { ProcessEntry } from '../processes/processes.ts';
import { signalGroup } from '../processes/signal-group.ts';
import { Input } from './input.ts';
import type { KeeperPids, SessionFolder } from './session-folder.ts';
import {
  endHelpers,
  keeperGone,
  resizeTerminal,
  showOnTerminal,
  signalForeground,
} from './session-terminal.ts';

const KEEPER_TIMEOUT_MS = 2000;
const READER_TIMEOUT_MS = 30_000;
const LAST_SIGNAL = 64;

/** Callbacks of a session. */
export interface SessionEvents {
  opened(session: Session): void;
  exited(session: Session): void;
  /** Called when no process can print and no reader is left; the session's descriptors are closed. */
  closed(session: Session): void;
  warning(sessionId: string, text: string): void;
}

/** The parts of a session, which owns its pipes from then on, also when it cannot be created. */
export interface SessionParts {
  readonly folder: SessionFolder;
  readonly log: OutputLog;
  readonly pipes: KeeperPipes;
  readonly pids: KeeperPids;
  readonly open: (id: string) => SessionFolder | undefined;
  readonly events: SessionEvents;
}

export class Session implements OutputSource {
  readonly id: string;
  readonly log: OutputLog;
  readonly #parts: SessionParts;
  readonly #keeper: ProcessEntry | undefined;
  readonly #pump: OutputPump;
  readonly #input: Input | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #programEnd = Promise.withResolvers<void>();
  #hasProgramEnded = false;
  #hasOutputEnded = false;
  #isClosed = false;
  #exited: Exited | undefined;
  #hasBegun = false;
  #takenBytes = 0;
  /** Called when a reader that holds the program joins. */
  #onReaderJoined = (): void => {};

  constructor(parts: SessionParts) {
    const { folder, log, pipes } = parts;
    this.id = folder.record.id;
    this.log = log;
    this.#parts = parts;
    this.#keeper = findKeeper(parts);
    this.#pump = new OutputPump(log, pipes, {
      moved: () => this.#wake(),
      drained: () => this.#finish(),
      ended: () => this.#onOutputEnded(),
      warning: (text) => parts.events.warning(this.id, text),
    });
    if (pipes.input !== undefined) this.#input = new Input(pipes.input, () => this.#onInputClosed());
    const { life } = pipes;
    if (life !== undefined) watchKeeper(life, () => this.onProgramEnded());
    parts.events.opened(this);
    if (life === undefined) this.onProgramEnded();
  }

  get exited(): Exited | undefined {
    return this.#exited;
  }

  get state(): SessionState {
    return {
      sessionId: this.id,
      pid: this.#parts.pids.keeper,
      exited: this.#exited,
      elsewhere: false,
      printed: this.log.end,
    };
  }

  /** Bytes printed, bytes of input after the start, and whether somebody reads the output. */
  get activity() {
    return { printed: this.log.end, taken: this.#takenBytes, isFollowed: this.#listeners.size > 0 };
  }

  /** The parts of a search for its processes. */
  get processes(): SessionProcesses {
    const { pids, open } = this.#parts;
    const hasProgramEnded = (): boolean => this.#hasProgramEnded;
    return { id: this.id, keeper: this.#keeper, helpers: pids.helpers, hasProgramEnded, open };
  }

  /**
   * Shows a line on its terminal, as wall(1) does; does nothing without one. Returns the most bytes that the
   * terminal prints of it.
   */
  show(line: string): number {
    if (!this.#hasTerminal || this.#keeper === undefined || this.#hasProgramEnded) return 0;
    return showOnTerminal(this.#keeper, line);
  }

  join(listener: Listener): void {
    this.#listeners.add(listener);
    this.holdChanged(listener);
  }

  holdChanged(listener: Listener): void {
    if (listener.hold) {
      this.#pump.hold(listener);
      this.#onReaderJoined();
    } else this.#pump.release(listener);
  }

  /**
   * Makes the program wait until a reader that holds it joins, for at most 30 seconds, so that nothing is
   * dropped before.
   */
  awaitReader(): void {
    const expected = { offset: 0 };
    const release = (): void => this.#pump.release(expected);
    const timer = setTimeout(release, READER_TIMEOUT_MS).unref();
    this.#onReaderJoined = () => {
      clearTimeout(timer);
      release();
    };
    this.#pump.hold(expected);
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
    this.#pump.release(listener);
    this.#closeWhenDone();
  }

  advanced(): void {
    this.#pump.resume();
  }

  /** Writes the input that came with the start, before any other. */
  writeFirst(data: Buffer): void {
    if (data.length > 0) this.#input?.writeFirst(data);
  }

  /** Throws INPUT_CLOSED, and LIMIT_EXCEEDED for more than the credit allows. */
  write(data: Buffer, taken: (error?: AppError) => void): void {
    if (this.#input === undefined) throw new AppError('INPUT_CLOSED', 'the session takes no input');
    this.#input.write(data, taken);
    this.#takenBytes += data.length;
  }

  /** Closes the input. That of a terminal stays open: it ends by the terminal's own character for that. */
  closeInput(): void {
    if (!this.#hasTerminal) this.#input?.end();
  }

  /** Changes the size of the terminal. Throws SESSION_ENDED, INVALID_ARGUMENT, also without a terminal. */
  resize(size: TerminalSize): void {
    const wanted = checkedTerminalSize(size, 'resize');
    if (!this.#hasTerminal) throw new AppError('INVALID_ARGUMENT', 'the session has no terminal');
    resizeTerminal(this.#runningKeeper(), wanted);
    this.log.resized(wanted);
  }

  /**
   * Sends signal `number` to the program's process group; with a terminal, to the one in its foreground.
   * Throws SESSION_ENDED, INVALID_ARGUMENT, PERMISSION_DENIED.
   */
  async signal(number: number): Promise<void> {
    if (!Number.isInteger(number) || number < 1 || number > LAST_SIGNAL)
      throw new AppError('INVALID_ARGUMENT', 'signal: must be 1 to 64');
    await this.#untilBegun();
    this.#signal(this.#runningKeeper(), number);
  }

  async #untilBegun(): Promise<void> {
    if (this.#keeper === undefined || this.#hasBegun) return;
    const { keeper, helpers } = this.#parts.pids;
    await programBegun(keeper, helpers, () => this.#hasProgramEnded);
    this.#hasBegun = true;
  }

  #signal(keeper: ProcessEntry, number: number): void {
    if (this.#hasTerminal && signalForeground(keeper, number)) return;
    signalGroup(keeper.pid, number, this.#parts.pids.helpers);
  }

  /** Ends all processes of the session: SIGTERM, then SIGKILL after `graceMs`. */
  async end(graceMs: number): Promise<Ended> {
    await this.#untilBegun();
    const ended = await endProcesses(this.processes, graceMs);
    if (ended.survivors.length === 0) await this.#awaitKeeper();
    if (this.#hasProgramEnded) this.#pump.giveUp();
    if (this.#hasTerminal) await keeperGone(this.#parts.pids, this.id);
    return { sessionId: this.id, ...ended };
  }

  /** Called when the keeper has reported the end of the program, or is dead. */
  onProgramEnded(): void {
    if (this.#hasProgramEnded) return;
    this.#hasProgramEnded = true;
    this.#input?.destroy();
    // A program that still runs without its keeper is ended.
    if (this.#parts.folder.status() === undefined) endProcesses(this.processes, 0).catch(() => {});
    this.#pump.finish();
    this.#programEnd.resolve();
  }

  /** Stops reading from processes that outlived the program. Only for a session that has ended. */
  abandon(): void {
    this.#pump.close();
    this.#onOutputEnded();
  }

  /**
   * Waits for the keeper to record the status. A keeper that cannot, for example because it is stopped, is
   * killed after 2 seconds.
   */
  async #awaitKeeper(): Promise<void> {
    const timer = setTimeout(() => {
      if (this.#keeper !== undefined && !this.#hasProgramEnded) send(this.#keeper, 'SIGKILL');
    }, KEEPER_TIMEOUT_MS);
    if (this.#keeper !== undefined) send(this.#keeper, 'SIGCONT');
    await this.#programEnd.promise;
    clearTimeout(timer);
  }

  get #hasTerminal(): boolean {
    return this.#parts.folder.record.terminal === true;
  }

  /** Throws SESSION_ENDED. */
  #runningKeeper(): ProcessEntry {
    if (this.#keeper !== undefined && !this.#hasProgramEnded) return this.#keeper;
    throw new AppError('SESSION_ENDED', 'the session has ended');
  }

  /** The helper that holds the input open is ended; one that also moves a terminal's output is needed. */
  #onInputClosed(): void {
    if (!this.#hasTerminal) endHelpers(this.#parts.pids.helpers, this.id);
  }

  #finish(): void {
    const status = this.#parts.folder.status();
    this.#exited = { sessionId: this.id, status };
    if (this.#keeper !== undefined) send(this.#keeper, 'SIGKILL');
    endHelpers(this.#parts.pids.helpers, this.id); // closes the terminal
    this.#parts.events.exited(this);
    this.#wake();
    this.#closeWhenDone(); // the output may have ended first
  }

  #onOutputEnded(): void {
    this.#hasOutputEnded = true;
    if (this.#hasTerminal && !this.#hasProgramEnded) this.#hangUp();
    this.#closeWhenDone();
  }

  /** A terminal whose helper has been killed works no more. */
  #hangUp(): void {
    endHelpers(this.#parts.pids.helpers, this.id);
    const hangup = constants.signals.SIGHUP;
    this.signal(hangup).catch(() => {}); // the program has ended meanwhile
  }

  #closeWhenDone(): void {
    if (!this.#hasOutputEnded || this.#exited === undefined || this.#listeners.size > 0 || this.#isClosed)
      return;
    this.#isClosed = true;
    this.#pump.close();
    this.log[Symbol.dispose]();
    this.#parts.events.closed(this);
  }

  #wake(): void {
    for (const listener of this.#listeners) listener.wake();
  }
}
