/**
 * Connects a session to this command's standard streams until it ends: its output raw, with backpressure,
 * this command's signals, and on request its input; or its terminal to the one of this command. The session
 * continues whatever happens to this command.
 */
import { setImmediate } from 'node:timers/promises';
import { type FollowOptions, followSession, type Progress } from '../../client/follow-session.ts';
import { isAppError, type Reason } from '../../errors.ts';
import { LATCHKEY_FAILED } from '../../exit-status.ts';
import type { Exited, Output, Session } from '../../generated/latchkey/v1/session.ts';
import { Stream } from '../../generated/latchkey/v1/session.ts';
import { oomKillsText } from '../../terminal/state-words.ts';
import { explain } from '../failure.ts';
import { forwardSignals } from '../input/forward-signals.ts';
import { stdinChunks } from '../input/stdin-chunks.ts';
import type { Run } from '../run.ts';
import type { Surroundings, TerminalOptions } from '../terminal/follow-terminal.ts';
import { pipedInput } from '../terminal/piped-input.ts';
import { noteOutageOnTerminal } from '../watch/outage-notes.ts';
import { writeRaw } from './write-raw.ts';

export interface Shown {
  /** Offset at which output begins; -1 for new output only. */
  readonly offset: number;
  /** True to pass standard input to the program. */
  readonly input: boolean;
  /** Choices for a session with a terminal, when this command has one, too. */
  readonly inTerminal: Pick<TerminalOptions, 'detachKey' | 'keys' | 'restore' | 'watch'>;
  /**
   * True when this command started the session: its program then gets SIGPIPE when the output breaks, as in a
   * pipeline.
   */
  readonly startedHere: boolean;
}

const SIGNAL_TIMEOUT_MS = 5000;
/** Time to try to reconnect for a script. A person leaves with ^\ instead. */
const SCRIPT_GIVES_UP_MS = 900_000;

/** Failures of this command after which the session may still be running, and can be attached to again. */
const SESSION_UNAFFECTED: ReadonlySet<Reason> = new Set<Reason>([
  'TOKEN_EXPIRED',
  'TOKEN_NOT_ACTIVE',
  'UNREACHABLE',
  'UNAVAILABLE',
  'LINK_LOST',
  'SESSION_DISCONNECTED',
]);

type Promised = Promise<Pick<Session, 'id' | 'terminal'>>;

/** Resolves with the session's exit status; 255 when it is unknown, or when the user left the session. */
export async function showSession(run: Run, session: Promised, shown: Shown): Promise<number> {
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  using cleanup = new DisposableStack();
  const signals = forwardSignals(signalsOf(shown), (signal) => send(run, session, signal));
  using _ = signals;
  run.onBrokenOutput = async () => {
    if (shown.startedHere && (await session).terminal === undefined) await send(run, session, 'PIPE');
    stop.abort();
  };
  const surroundings = { signal: stop.signal, leave: signals.leave, cleanup };
  try {
    return await Promise.race([
      follow(run, session, shown, surroundings),
      signals.left.then(() => {
        cleanup.dispose();
        return leave(run, session);
      }),
      stopped.then(() => LATCHKEY_FAILED),
    ]);
  } finally {
    stop.abort();
  }
}

/** Returns the signals to forward: SIGTERM for a command that only attached does not mean the session. */
function signalsOf({ startedHere, inTerminal }: Shown): readonly NodeJS.Signals[] {
  if (startedHere) return ['SIGINT', 'SIGTERM'];
  return inTerminal.watch ? [] : ['SIGINT'];
}

async function follow(
  run: Run,
  session: Promised,
  shown: Shown,
  surroundings: Surroundings,
): Promise<number> {
  const found = await session;
  const { id } = found;
  const { sessions } = await run.client();
  try {
    const following = await followingOf(run, found, shown, surroundings);
    const exited = await followSession(sessions, following);
    surroundings.cleanup.dispose();
    return statusOf(run, id, exited);
  } catch (error) {
    surroundings.cleanup.dispose();
    if (isAppError(error) && SESSION_UNAFFECTED.has(error.reason)) {
      run.out.note(`latchkey: session ${id} may still be running; attach again with 'latchkey attach ${id}'`);
    }
    throw error;
  }
}

/** Prints the keys of an attached session on a terminal, once `forwardSignals` listens for them. */
function noteKeys(run: Run): void {
  if (run.io.stderr.isTTY === true)
    run.out.note('latchkey: attached; ^C goes to the program, ^\\ leaves it running');
}

async function followingOf(
  run: Run,
  { id, terminal }: Awaited<Promised>,
  shown: Shown,
  surroundings: Surroundings,
): Promise<FollowOptions> {
  const { startedHere, offset, input, inTerminal } = shown;
  if (terminal !== undefined && (startedHere || run.io.stdout.isTTY === true)) {
    const { followTerminal } = await import('../terminal/follow-terminal.ts');
    return followTerminal(run, { id, terminal }, { ...inTerminal, offset, input }, surroundings);
  }
  if (!startedHere) noteKeys(run);
  const { signal } = surroundings;
  const chunks = stdinChunks(run.io.stdin, signal, (problem) => run.out.problem(problem));
  const given = terminal === undefined ? chunks : pipedInput(chunks, signal);
  return {
    sessionId: id,
    offset,
    watch: terminal !== undefined && !input,
    giveUpMs: run.io.stderr.isTTY === true ? Number.POSITIVE_INFINITY : SCRIPT_GIVES_UP_MS,
    signal,
    onOutput: (output) => write(run, output),
    onProgress: (progress) => report(run, progress),
    ...(input && { input: given }),
  };
}

function write(run: Run, { stream, data }: Output): Promise<void> {
  return writeRaw(stream === Stream.STDERR ? run.io.stderr : run.io.stdout, data);
}

/** Reports lost output always, everything else only on a terminal. */
function report(run: Run, progress: Progress): void {
  if (progress.kind === 'dropped') {
    run.out.problem(`${progress.bytes} bytes of older output are not available`);
  } else if (progress.kind === 'input-closed') {
    if (run.io.stderr.isTTY === true) run.out.note('latchkey: the program accepts no more input');
  } else if (progress.kind === 'lost' || progress.kind === 'reconnected') noteOutageOnTerminal(run, progress);
}

/** Sends a signal to the session. Never rejects; reports a signal that could not be sent. */
async function send(run: Run, session: Promised, signal: string): Promise<void> {
  try {
    const { id } = await session;
    const { sessions } = await run.client();
    await sessions.signalSession({ sessionId: id, signal }, { timeoutMs: SIGNAL_TIMEOUT_MS });
  } catch (error) {
    if (isAppError(error, 'SESSION_ENDED')) return;
    run.out.problem(`${signal} was not delivered: ${explain(error).text}`);
  }
}

/** Prints how to attach again, if the session's id is known by now. */
async function leave(run: Run, session: Promised): Promise<number> {
  const { id, terminal } = (await Promise.race([session, setImmediate(undefined)])) ?? {};
  if (terminal !== undefined && run.io.stderr.isTTY === true) run.io.stderr.write('\n'); // within a line
  const again =
    id === undefined ? "find it with 'latchkey sessions'" : `attach again with 'latchkey attach ${id}'`;
  run.out.problem(`left the session running; ${again}`);
  return LATCHKEY_FAILED;
}

function statusOf(run: Run, id: string, exited: Exited): number {
  const { exitStatus } = exited;
  const why = oomKillsText(exited);
  if (why !== undefined) run.out.problem(`session ${id} has ended; ${why}`);
  if (exitStatus !== undefined) return exitStatus;
  run.out.problem(`session ${id} has ended, with an unknown exit status; see 'latchkey sessions show ${id}'`);
  return LATCHKEY_FAILED;
}
