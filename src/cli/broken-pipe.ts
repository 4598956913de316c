/**
 * Handles a standard output that breaks: a reader that has exited (`latchkey tokens | head -1`), a full disk.
 */
import { BROKEN_PIPE } from '../exit-status.ts';
import { flushed, type Io } from '../terminal/io.ts';
import type { Run } from './run.ts';

export interface OutputWatch extends Disposable {
  /**
   * Returns the result of `work`, or the run's failure status as soon as the output breaks, after
   * `run.onBrokenOutput`.
   */
  untilBroken(run: Run, work: Promise<number | undefined>): Promise<number | undefined>;
  /** Resolves when everything written has left this process, with the failure if there was one. */
  settle(): Promise<Broken | undefined>;
}

/** The end of a run whose output broke: silent when only the reader is gone, otherwise with a message. */
export type Broken = { readonly status: number } | { readonly text: string };

/** Watches the output until disposed of. A broken standard error is ignored: nothing could report it. */
export function watchOutput(io: Io): OutputWatch {
  const { promise: broken, resolve } = Promise.withResolvers<NodeJS.ErrnoException>();
  let isBroken = false; // not io.stdout.errored, which process.stdout resets
  const onError = (error: NodeJS.ErrnoException): void => {
    isBroken = true;
    resolve(error);
  };
  const ignore = (): void => {};
  io.stdout.on('error', onError);
  io.stderr.on('error', ignore);
  return {
    untilBroken: (run, work) => Promise.race([work, broken.then(() => onBrokenOutput(run))]),
    settle: async () => {
      const error = await Promise.race([broken, flushed(io.stdout)]);
      await flushed(io.stderr);
      return error ? ending(error) : undefined;
    },
    [Symbol.dispose]: () => {
      if (!isBroken) io.stdout.off('error', onError); // a write under way may still fail
    },
  };
}

async function onBrokenOutput(run: Run): Promise<number> {
  await run.onBrokenOutput?.();
  return run.failure;
}

function ending(error: NodeJS.ErrnoException): Broken {
  if (error.code === 'EPIPE') return { status: BROKEN_PIPE };
  return { text: `standard output cannot be written: ${error.message}` };
}
