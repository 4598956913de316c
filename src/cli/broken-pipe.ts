/** Standard output may break under us: `latchkey tokens | head -1`, a full disk. */
import { OUTPUT_GONE } from '../exit-status.ts';
import { flushed, type Io } from '../terminal/io.ts';
import type { Run } from './run.ts';

export interface OutputWatch extends Disposable {
  /** What `work` gives; or a failure as soon as the output is broken, after the run's own farewell. */
  whileWhole(run: Run, work: Promise<number | undefined>): Promise<number | undefined>;
  /** Waits until all that was written is out. */
  settle(): Promise<Broken | undefined>;
}

/** How to end on a broken output: quietly when only the reader went away, else with what to say. */
export type Broken = { readonly status: number } | { readonly text: string };

/** Watches until disposed. A broken standard error breaks nothing: there is nobody to tell. */
export function watchOutput(io: Io): OutputWatch {
  const { promise: broken, resolve } = Promise.withResolvers<NodeJS.ErrnoException>();
  let isBroken = false; // io.stdout.errored does not say: the process's own stream forgets
  const note = (error: NodeJS.ErrnoException): void => {
    isBroken = true;
    resolve(error);
  };
  const ignore = (): void => {};
  io.stdout.on('error', note);
  io.stderr.on('error', ignore);
  return {
    whileWhole: (run, work) => Promise.race([work, broken.then(() => farewell(run))]),
    settle: async () => {
      const error = await Promise.race([broken, flushed(io.stdout)]);
      await flushed(io.stderr);
      return error ? ending(error) : undefined;
    },
    [Symbol.dispose]: () => {
      if (!isBroken) io.stdout.off('error', note); // what was under way may still fail
    },
  };
}

async function farewell(run: Run): Promise<number> {
  await run.farewell?.();
  return run.failure;
}

function ending(error: NodeJS.ErrnoException): Broken {
  if (error.code === 'EPIPE') return { status: OUTPUT_GONE };
  return { text: `standard output cannot be written: ${error.message}` };
}
