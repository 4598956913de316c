/** Standard output may break under us: `latchkey tokens | head -1`, a full disk. */
import { FAILED, OUTPUT_GONE } from './exit-status.ts';
import type { Io } from './io.ts';
import type { Run } from './run.ts';

export interface OutputWatch extends Disposable {
  /**
   * What `work` gives; or 141 as soon as nobody reads our output any more, after the run's own
   * farewell; or 1, said on standard error, when it cannot be written for another reason.
   */
  orDone(run: Run, work: Promise<number | undefined>): Promise<number | undefined>;
  /** Waits for `flushing`, but not when there is nowhere to write to. */
  orFlushed(flushing: Promise<unknown>): Promise<void>;
}

/** Watches until disposed. A broken standard error breaks nothing: there is nobody to tell. */
export function watchOutput(io: Io): OutputWatch {
  const { promise: broken, resolve } = Promise.withResolvers<NodeJS.ErrnoException>();
  const ignore = (): void => {};
  io.stdout.on('error', resolve);
  io.stderr.on('error', ignore);
  return {
    orDone: (run, work) => Promise.race([work, broken.then((error) => farewell(error, run))]),
    orFlushed: (flushing) => Promise.race([flushing, broken]).then(ignore),
    [Symbol.dispose]: () => {
      if (io.stdout.errored === null) io.stdout.off('error', resolve);
      io.stderr.off('error', ignore);
    },
  };
}

async function farewell(error: NodeJS.ErrnoException, run: Run): Promise<number> {
  await run.farewell?.();
  if (error.code === 'EPIPE') return OUTPUT_GONE;
  run.out.problem(`standard output cannot be written: ${error.message}`);
  return FAILED;
}
