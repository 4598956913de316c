/**
 * A session on our own standard streams until it ends: its output raw and no faster than it is taken,
 * our input if wanted, our signals. Whatever happens to us, the session itself goes on.
 */
import { type Following, followSession, type Progress } from '../client/follow-session.ts';
import type { Exited, Output } from '../generated/latchkey/v1/session.ts';
import { Stream } from '../generated/latchkey/v1/session.ts';
import { OWN_FAILURE } from './exit-status.ts';
import { explain } from './failure.ts';
import { forwardSignals } from './forward-signals.ts';
import type { Run } from './run.ts';
import { writeRaw } from './write-raw.ts';

export interface Shown {
  /** Where output begins; -1 for only what comes from now on. */
  readonly offset: number;
  /** Whether our standard input is the program's. */
  readonly input: boolean;
  /** Whether we started it: then it learns when nobody reads its output any more, as in a pipeline. */
  readonly ours: boolean;
}

const SIGNAL_TIMEOUT_MS = 5000;

/** Resolves with the session's exit status; 255 when it is unknown, or when the person left. */
export async function showSession(
  run: Run,
  session: Promise<{ readonly id: string }>,
  shown: Shown,
): Promise<number> {
  const stop = new AbortController();
  using signals = forwardSignals((signal) => send(run, session, signal));
  const left = signals.left.then(() => undefined);
  try {
    const started = await Promise.race([session, left]);
    if (started === undefined) return leave(run, undefined);
    if (shown.ours) run.farewell = () => send(run, session, 'PIPE');
    const { sessions } = await run.client();
    const following = followSession(sessions, followingOf(run, started.id, shown, stop.signal));
    const exited = await Promise.race([following, left]);
    return exited === undefined ? leave(run, started.id) : statusOf(run, started.id, exited);
  } finally {
    stop.abort();
    if (shown.input) run.io.stdin.destroy();
  }
}

function followingOf(run: Run, sessionId: string, shown: Shown, signal: AbortSignal): Following {
  return {
    sessionId,
    offset: shown.offset,
    signal,
    onOutput: (output) => write(run, output),
    onProgress: (progress) => tell(run, progress),
    ...(shown.input && { input: run.io.stdin }),
  };
}

function write(run: Run, { stream, data }: Output): Promise<void> {
  return writeRaw(stream === Stream.STDERR ? run.io.stderr : run.io.stdout, data);
}

/** A lost server is news for a person only; lost output is for everybody. */
function tell(run: Run, progress: Progress): void {
  if (progress.kind === 'dropped') {
    run.out.problem(`${progress.bytes} bytes of older output are no longer kept`);
  } else if (run.io.stderr.isTTY === true) {
    if (progress.kind === 'lost') run.out.note(`latchkey: ${progress.error.message}; trying again`);
    if (progress.kind === 'attached-again') run.out.note('latchkey: attached again');
    if (progress.kind === 'input-closed') run.out.note('latchkey: the program takes no more input');
  }
}

/** Never rejects: a signal that cannot be sent is told. */
async function send(run: Run, session: Promise<{ readonly id: string }>, signal: string): Promise<void> {
  try {
    const { id } = await session;
    const { sessions } = await run.client();
    await sessions.signalSession({ sessionId: id, signal }, { timeoutMs: SIGNAL_TIMEOUT_MS });
  } catch (error) {
    run.out.problem(`${signal} was not delivered: ${explain(error).text}`);
  }
}

function leave(run: Run, id: string | undefined): number {
  const again =
    id === undefined ? "find it with 'latchkey sessions'" : `attach again with 'latchkey attach ${id}'`;
  run.out.problem(`left; the session goes on: ${again}`);
  return OWN_FAILURE;
}

function statusOf(run: Run, id: string, { exitStatus }: Exited): number {
  if (exitStatus !== undefined) return exitStatus;
  run.out.problem(`session ${id} is over, and nobody saw its exit status; 'latchkey sessions show ${id}'`);
  return OWN_FAILURE;
}
