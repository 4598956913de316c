/**
 * Reads a session's output across the loss of its link: continues with the next link where the last one
 * stopped.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError } from '../../errors.ts';
import type { LinkConnection } from '../../supervisor/connection/link-connection.ts';
import { LinkRefusal } from '../../supervisor/connection/link-error.ts';
import type { OutputEnd, OutputPiece } from '../../supervisor/connection/output-reader.ts';
import type { ReadOptions } from '../../supervisor/connection/output-readers.ts';

const RETRY_MS = 50;
const GIVE_UP_MS = 10_000;

/**
 * Yields a session's output. `link` returns the session's current link, and throws when there is none; that
 * error is thrown to the reader when there has been none for ten seconds. `requested` is called once the
 * output has been requested from a link: from then on a reader that holds misses nothing.
 */
export async function* readAcrossLinks(
  sessionId: string,
  options: ReadOptions,
  link: () => Promise<LinkConnection>,
  requested: () => void = () => {},
): AsyncGenerator<OutputPiece, OutputEnd> {
  let { offset } = options;
  let from = await link();
  for (;;) {
    const reading = from.read(sessionId, { ...options, offset });
    try {
      for (;;) {
        const next = reading.next();
        requested();
        const { done, value } = await next;
        if (done) return value;
        offset = value.offset + value.data.length;
        yield value;
      }
    } catch (error) {
      // A link that failed is not lost; and a reader of only new output that has read nothing yet has
      // no offset to continue from.
      if (error instanceof LinkRefusal || !isAppError(error, 'LINK_LOST') || offset < 0) throw error;
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
  for (const deadline = performance.now() + GIVE_UP_MS; ; ) {
    try {
      const next = await link();
      if (next !== lost && next.isOpen) return next;
    } catch (error) {
      const mayPass = isAppError(error, 'LINK_LOST') || isAppError(error, 'LINK_REQUIRED');
      if (!mayPass || performance.now() > deadline) throw error;
    }
    if (signal?.aborted) throw new AppError('CANCELLED', 'the reader has left');
    await delay(RETRY_MS);
  }
}
