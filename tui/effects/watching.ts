/** A watch that begins again by itself when the server was away, and tells how the connection is. */
import { isLoginOver, type LastingClient } from '../../src/client/watch/reconnecting-client.ts';
import { watchOn } from '../../src/client/watch/resilient-watch.ts';
import type { OutageProgress } from '../../src/client/watch/retry.ts';
import { explain } from '../../src/terminal/failure.ts';
import type { Event } from '../state/update.ts';

/** What a watch takes of the server. */
export type Watched = Pick<LastingClient, 'client' | 'hasAnother'>;

/** What `begin` gives, until `signal` aborts or it will not come back; how the connection is goes to `tell`. */
export async function* watching<Item>(
  server: Watched,
  begin: () => AsyncIterable<Item>,
  signal: AbortSignal,
  tell: (event: Event) => void,
): AsyncGenerator<Item> {
  const onProgress = (progress: OutageProgress): void => {
    if (progress.kind !== 'lost') return;
    tell({ kind: 'connection', connection: { kind: 'lost', why: progress.error.message } });
  };
  try {
    yield* watchOn(server, begin, { signal, onProgress });
  } catch (error) {
    const kind = isLoginOver(error) ? 'over' : 'refused';
    if (!signal.aborted) tell({ kind: 'connection', connection: { kind, why: explain(error).text } });
  }
}
