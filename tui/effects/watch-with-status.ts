/** A watch that restarts after an outage and dispatches the state of the connection. */
import { hasLoginEnded, type ReconnectingClient } from '../../src/client/watch/reconnecting-client.ts';
import { resilientWatch } from '../../src/client/watch/resilient-watch.ts';
import type { RetryProgress } from '../../src/client/watch/retry.ts';
import { explain } from '../../src/terminal/failure.ts';
import type { Event } from '../state/update.ts';

/** The part of a client that a watch needs. */
export type WatchedServer = Pick<ReconnectingClient, 'client' | 'reconnect'>;

/**
 * Yields the items of `begin` until `signal` aborts or the watch fails with an error that a retry cannot fix.
 */
export async function* watchWithStatus<Item>(
  server: WatchedServer,
  begin: () => AsyncIterable<Item>,
  signal: AbortSignal,
  dispatch: (event: Event) => void,
): AsyncGenerator<Item> {
  const onProgress = (progress: RetryProgress): void => {
    if (progress.kind !== 'lost') return;
    dispatch({ kind: 'connection', connection: { kind: 'lost', why: progress.error.message } });
  };
  try {
    yield* resilientWatch(server, begin, { signal, onProgress });
  } catch (error) {
    const kind = hasLoginEnded(error) ? 'ended' : 'refused';
    if (!signal.aborted) dispatch({ kind: 'connection', connection: { kind, why: explain(error).text } });
  }
}
