/** A watch that begins again by itself when the server was away, and tells how the connection is. */
import { hasLoginEnded, type ReconnectingClient } from '../../src/client/watch/reconnecting-client.ts';
import { resilientWatch } from '../../src/client/watch/resilient-watch.ts';
import type { RetryProgress } from '../../src/client/watch/retry.ts';
import { explain } from '../../src/terminal/failure.ts';
import type { Event } from '../state/update.ts';

/** What a watch takes of the server. */
export type Watched = Pick<ReconnectingClient, 'client' | 'reconnect'>;

/**
 * What `begin` gives, until `signal` aborts or it will not come back; how the connection is goes to
 * `tell`.
 */
export async function* watching<Item>(
  server: Watched,
  begin: () => AsyncIterable<Item>,
  signal: AbortSignal,
  tell: (event: Event) => void,
): AsyncGenerator<Item> {
  const onProgress = (progress: RetryProgress): void => {
    if (progress.kind !== 'lost') return;
    tell({ kind: 'connection', connection: { kind: 'lost', why: progress.error.message } });
  };
  try {
    yield* resilientWatch(server, begin, { signal, onProgress });
  } catch (error) {
    const kind = hasLoginEnded(error) ? 'over' : 'refused';
    if (!signal.aborted) tell({ kind: 'connection', connection: { kind, why: explain(error).text } });
  }
}
