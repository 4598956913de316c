/** Bytes out of this process as they are, no faster than they are taken. */
import type { Sink } from '../../terminal/io.ts';

/** Resolves when `sink` takes more, or is broken: broken-pipe.ts sees to that. */
export function writeRaw(sink: Sink, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const flows = sink.write(data, () => {
      if (!flows) resolve();
    });
    if (flows) resolve();
  });
}
