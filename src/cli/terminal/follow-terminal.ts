/**
 * Follows a session with a terminal on this command's terminal: keys go to the program, and everything else
 * that happens is shown so that it spoils nothing on the screen.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Condition } from '../../async/condition.ts';
import type { Client } from '../../client/connect/connect.ts';
import type { FollowOptions, Progress } from '../../client/follow-session.ts';
import type { TerminalSize } from '../../generated/latchkey/v1/session.ts';
import { stdinChunks } from '../input/stdin-chunks.ts';
import type { Run } from '../run.ts';
import { AttachedTerminal } from './attached-terminal.ts';
import type { DetachKey } from './detach-key.ts';
import { LocalSize } from './local-size.ts';
import { pipedInput } from './piped-input.ts';
import { RECENT_BYTES, RecentOutput } from './recent-output.ts';
import { TypedInput } from './typed-input.ts';

export interface TerminalSession {
  readonly id: string;
  readonly terminal: TerminalSize;
}

/** Choices about how a session with a terminal is shown. */
export interface TerminalOptions {
  readonly detachKey: DetachKey | undefined;
  /** True only to watch. */
  readonly watch: boolean;
  /** True to begin with the screen as it is; otherwise with what is printed from `offset` on. */
  readonly restore: boolean;
  readonly offset: number;
  /** True to pass standard input that is not typed. */
  readonly input: boolean;
  /** True to pass what is typed. */
  readonly keys: boolean;
}

/** The surroundings of an attachment. */
export interface Surroundings {
  readonly signal: AbortSignal;
  /** Leaves the session. */
  readonly leave: () => void;
  /** Restores the terminal when disposed of. */
  readonly cleanup: DisposableStack;
}

const CTRL_C = 3;
/** Time that a notice is shown over the screen, in milliseconds, unless a key is pressed. */
const NOTICE_MS = 1500;

/** Takes over this command's terminal, and returns how to follow the session on it. */
export async function followTerminal(
  run: Run,
  session: TerminalSession,
  options: TerminalOptions,
  surroundings: Surroundings,
): Promise<FollowOptions> {
  const { sessions } = await run.client();
  return new TerminalFollowing(run, sessions, session, options, surroundings).options();
}

class TerminalFollowing {
  readonly #run: Run;
  readonly #sessions: Client['sessions'];
  readonly #sessionId: string;
  readonly #options: TerminalOptions;
  readonly #surroundings: Surroundings;
  readonly #hasKeys: boolean;
  /** True when neither input nor size of this terminal are passed. */
  readonly #watch: boolean;
  readonly #size: LocalSize;
  readonly #terminal: AttachedTerminal;
  /** Notified when a key is pressed. */
  readonly #typed = new Condition();
  #back = Promise.withResolvers<void>();
  #writes = true;

  constructor(
    run: Run,
    sessions: Client['sessions'],
    { id, terminal }: TerminalSession,
    options: TerminalOptions,
    surroundings: Surroundings,
  ) {
    const { cleanup, leave } = surroundings;
    this.#run = run;
    this.#sessions = sessions;
    this.#sessionId = id;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#hasKeys = run.io.stdin.isTTY === true;
    this.#watch = options.watch || !(this.#hasKeys ? options.keys : options.input);
    this.#size = cleanup.use(new LocalSize(run.io));
    this.#terminal = cleanup.use(new AttachedTerminal(run.io, new RecentOutput(terminal)));
    cleanup.use(run.out.divertRemarks((line) => this.#notice(line)));
    process.on('SIGHUP', leave);
    cleanup.defer(() => void process.off('SIGHUP', leave));
  }

  async options(): Promise<FollowOptions> {
    const { restore, offset } = this.#options;
    const input = this.#input();
    const begin = restore ? await this.#restore() : offset;
    if (begin !== 0 || restore) this.#notice(`latchkey: ${this.#howToLeave}`);
    return {
      sessionId: this.#sessionId,
      offset: begin,
      watch: this.#watch,
      signal: this.#surroundings.signal,
      giveUpMs: Number.POSITIVE_INFINITY,
      skipTo: () => this.#restore(),
      onOutput: ({ data }) => this.#terminal.write(data),
      onProgress: (progress) => this.#progress(progress),
      ...(!this.#watch && { size: this.#size }),
      ...(input !== undefined && !this.#watch && { input }),
    };
  }

  /** Draws the screen from the last output; resolves with the offset where that ends. */
  async #restore(): Promise<number> {
    const terminal = this.#terminal;
    terminal.forget();
    let end = 0;
    let first: number | undefined;
    const request = { sessionId: this.#sessionId, offset: -1 - RECENT_BYTES, follow: false };
    for await (const { event } of this.#sessions.readOutput(request)) {
      if (event?.$case !== 'output') continue;
      const { offset, data } = event.value;
      terminal.takeEarlier(data);
      first ??= offset;
      end = offset + data.length;
    }
    if (!this.#watch) {
      terminal.resized(this.#size.current);
      if (first !== undefined && first > 0) this.#size.change();
    }
    await terminal.draw();
    return end;
  }

  #input(): AsyncIterable<Uint8Array> | undefined {
    const { io, out } = this.#run;
    const { signal, leave, cleanup } = this.#surroundings;
    if (this.#hasKeys) return cleanup.use(new TypedInput(io.stdin, (keys) => this.#isOwn(keys), leave));
    if (!this.#options.input) return undefined;
    return pipedInput(
      stdinChunks(io.stdin, signal, (problem) => out.problem(problem)),
      signal,
    );
  }

  /** True for keys that the program does not get. */
  #isOwn(keys: Uint8Array): boolean {
    this.#typed.notify();
    const isInterrupt = keys.length === 1 && keys[0] === CTRL_C;
    const leaves = this.#options.detachKey?.isIn(keys) === true || (this.#watch && isInterrupt);
    if (leaves) this.#surroundings.leave();
    return leaves || this.#watch;
  }

  #progress(progress: Progress): void {
    if (progress.kind === 'lost') this.#lost();
    else if (progress.kind === 'reconnected') this.#back.resolve();
    else if (progress.kind === 'resized') {
      this.#terminal.resized(progress.size);
      this.#size.taken(progress.size);
    } else if (progress.kind === 'writer' && !this.#watch && progress.writes !== this.#writes) {
      this.#writes = progress.writes;
      this.#notice(`latchkey: ${WRITER[`${progress.writes}`]}`);
    }
  }

  /** Says that the server is lost, until it is back. */
  #lost(): void {
    this.#back = Promise.withResolvers();
    const { promise: back } = this.#back;
    const { detachKey } = this.#options;
    const notice = `latchkey: the server is lost; trying again${detachKey ? `; ${detachKey.name} leaves` : ''}`;
    void this.#terminal
      .notice(notice, () => back)
      .then(async (stays) => {
        await back;
        if (stays) this.#notice('latchkey: attached again');
      });
  }

  /** Shows a notice for a moment. */
  #notice(text: string): void {
    void this.#terminal.notice(text, () =>
      Promise.race([this.#typed.wait(), delay(NOTICE_MS, undefined, { ref: false })]),
    );
  }

  get #howToLeave(): string {
    const { name } = this.#options.detachKey ?? {};
    if (this.#watch) return `watching; ${name === undefined ? '' : `${name} or `}^C leaves`;
    return name === undefined ? 'attached' : `attached; ${name} leaves it running`;
  }
}

const WRITER = {
  true: 'this terminal writes again',
  false: 'another terminal writes now; this one watches',
} as const;
