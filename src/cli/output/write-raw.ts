/** Writes bytes to a stream unchanged, with backpressure. */
import type { Sink } from '../../terminal/io.ts';

/** Resolves when `sink` accepts more, or is broken, which broken-pipe.ts handles. */
export function writeRaw(sink: Sink, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const flows = sink.write(data, () => {
      if (!flows) resolve();
    });
    if (flows) resolve();
  });
}
