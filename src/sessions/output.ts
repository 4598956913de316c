/** A session's output, read on across the loss of its link: the next one goes on where the last stopped. */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError } from '../errors.ts';
import type { LinkConnection, ReadOptions } from '../supervisor/connection/link-connection.ts';
import type { OutputEnd, OutputPiece } from '../supervisor/connection/output-reader.ts';

const LOOK_MS = 50;
const PATIENCE_MS = 10_000;

/**
 * `link` is asked for the session's link now, and throws what is wrong when there is none. What it
 * throws is told to the reader once there has been none for ten seconds.
 */
export async function* readOn(
  sessionId: string,
  options: ReadOptions,
  link: () => Promise<LinkConnection>,
): AsyncGenerator<OutputPiece, OutputEnd> {
  let { offset } = options;
  let from = await link();
  for (;;) {
    const reading = from.read(sessionId, { ...options, offset });
    try {
      for (;;) {
        const { done, value } = await reading.next();
        if (done) return value;
        offset = value.offset + value.data.length;
        yield value;
      }
    } catch (error) {
      // Whoever reads from now on and has read nothing cannot say from where to go on.
      if (!isAppError(error, 'LINK_LOST') || offset < 0) throw error;
      from = await nextLink(from, link, options.signal);
    } finally {
      await reading.return({});
    }
  }
}

async function nextLink(
  lost: LinkConnection,
  link: () => Promise<LinkConnection>,
  signal: AbortSignal | undefined,
): Promise<LinkConnection> {
  for (const deadline = performance.now() + PATIENCE_MS; ; ) {
    try {
      const next = await link();
      if (next !== lost && next.isOpen) return next;
    } catch (error) {
      const mayPass = isAppError(error, 'LINK_LOST') || isAppError(error, 'LINK_REQUIRED');
      if (!mayPass || performance.now() > deadline) throw error;
    }
    if (signal?.aborted) throw new AppError('CANCELLED', 'the reader has left');
    await delay(LOOK_MS);
  }
}
