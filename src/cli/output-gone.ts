/** Standard output may break under us: `latchkey tokens | head -1`, a full disk. */
import { FAILED, OUTPUT_GONE } from './exit-status.ts';
import { flushed, type Io } from './io.ts';
import type { Run } from './run.ts';

export interface OutputWatch extends Disposable {
  /** What `work` gives; or, as soon as the output is broken, nothing, after the run's own farewell. */
  whileWhole(run: Run, work: Promise<number | undefined>): Promise<number | undefined>;
  /** Waits until all that was written is out. */
  settle(): Promise<Broken | undefined>;
}

/** How to end on a broken output, and what to say: nothing when only the reader went away. */
export interface Broken {
  readonly status: number;
  readonly text: string | undefined;
}

/** Watches until disposed. A broken standard error breaks nothing: there is nobody to tell. */
export function watchOutput(io: Io): OutputWatch {
  const { promise: broken, resolve } = Promise.withResolvers<NodeJS.ErrnoException>();
  const ignore = (): void => {};
  io.stdout.on('error', resolve);
  io.stderr.on('error', ignore);
  return {
    whileWhole: (run, work) => Promise.race([work, broken.then(() => bid(run))]),
    settle: async () => {
      const error = await Promise.race([broken, flushed(io.stdout).then(() => io.stdout.errored)]);
      await flushed(io.stderr);
      return error ? ending(error) : undefined;
    },
    [Symbol.dispose]: () => {
      if (!io.stdout.errored) io.stdout.off('error', resolve);
      if (!io.stderr.errored) io.stderr.off('error', ignore);
    },
  };
}

async function bid(run: Run): Promise<undefined> {
  await run.farewell?.();
}

function ending(error: NodeJS.ErrnoException): Broken {
  if (error.code === 'EPIPE') return { status: OUTPUT_GONE, text: undefined };
  return { status: FAILED, text: `standard output cannot be written: ${error.message}` };
}
