/** Bytes out of this process as they are, no faster than they are taken. */
import type { Sink } from './io.ts';

/** Resolves when `sink` takes more; never when it is broken, which output-gone.ts notices. */
export function writeRaw(sink: Sink, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const flows = sink.write(data, (error) => {
      if (!flows && !error) resolve();
    });
    if (flows) resolve();
  });
}
