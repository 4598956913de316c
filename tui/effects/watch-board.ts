/** Watches the snapshots of a board while it is shown. */
import type { Board } from '../screen.ts';
import type { Event } from '../state/update.ts';
import { type WatchedServer, watchWithStatus } from './watch-with-status.ts';

/** Dispatches a picture of each snapshot, at most one each `everyMs`; restarts after an outage. */
export async function watchBoard(
  server: WatchedServer,
  screen: Board,
  { signal, everyMs }: { readonly signal: AbortSignal; readonly everyMs: number },
  dispatch: (event: Event) => void,
): Promise<void> {
  let nextMs = 0;
  const begin = () => screen.watch(server.client, signal);
  for await (const picture of watchWithStatus(server, begin, signal, dispatch)) {
    dispatch({ kind: 'connection', connection: { kind: 'live' } });
    if (performance.now() < nextMs) continue;
    nextMs = performance.now() + everyMs;
    dispatch({ kind: 'picture', screen, picture });
  }
}
