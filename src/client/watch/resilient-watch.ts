/** A watch that begins again by itself when the server was away, or did not wait for a slow reader. */
import { AppError, isAppError } from '../../errors.ts';
import type { ReconnectingClient } from './reconnecting-client.ts';
import { Retry, type RetryOptions } from './retry.ts';

export type ResilientWatchOptions = Pick<RetryOptions, 'signal' | 'onProgress'>;

/**
 * What `begin` gives, from each beginning on, until `signal` aborts. `onProgress` learns once of each time without the
 * server. Throws what will not pass: the login is over, and there is no other of the same person; a permission is gone.
 */
export async function* resilientWatch<Event>(
  server: Pick<ReconnectingClient, 'hasAnother'>,
  begin: () => AsyncIterable<Event>,
  watching: ResilientWatchOptions,
): AsyncGenerator<Event> {
  const { signal } = watching;
  const outage = new Retry({ ...watching, giveUpMs: Number.POSITIVE_INFINITY });
  while (!signal?.aborted) {
    try {
      for await (const event of begin()) {
        outage.isOver();
        yield event;
      }
      throw new AppError('UNAVAILABLE', 'the server ended the watch');
    } catch (error) {
      if (signal?.aborted) return;
      if (!isAppError(error)) throw error;
      if (error.reason === 'SLOW_READER' || (await server.hasAnother(error))) continue; // what was missed comes again
      await outage.wait(error);
    }
  }
}
