/** Restarts a watch by itself after an outage of the server, and when it was too slow a reader. */
import { AppError, isAppError } from '../../errors.ts';
import type { ReconnectingClient } from './reconnecting-client.ts';
import { Retry, type RetryOptions } from './retry.ts';

export type ResilientWatchOptions = Pick<RetryOptions, 'signal' | 'onProgress'>;

/**
 * Yields the events of `begin`, called again after each interruption, until `signal` aborts. `onProgress`
 * is called once for each outage. Throws errors that a retry cannot fix: the login has ended and has
 * no other token, or a permission was removed.
 */
export async function* resilientWatch<Event>(
  server: Pick<ReconnectingClient, 'reconnect'>,
  begin: () => AsyncIterable<Event>,
  watching: ResilientWatchOptions,
): AsyncGenerator<Event> {
  const { signal } = watching;
  const outage = new Retry({ ...watching, giveUpMs: Number.POSITIVE_INFINITY });
  while (!signal?.aborted) {
    try {
      for await (const event of begin()) {
        outage.succeeded();
        yield event;
      }
      throw new AppError('UNAVAILABLE', 'the server ended the watch');
    } catch (error) {
      if (signal?.aborted) return;
      if (!isAppError(error)) throw error;
      if (error.reason === 'SLOW_READER' || (await server.reconnect(error))) continue;
      await outage.wait(error);
    }
  }
}
