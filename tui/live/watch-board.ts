/** The pictures of a board, for as long as it is looked at; begins again by itself when the server was away. `everyMs`: pictures between are left out. */
import type { LastingClient } from '../../src/client/lasting-client.ts';
import type { OutageProgress } from '../../src/client/outage.ts';
import { watchOn } from '../../src/client/watch-on.ts';
import type { Board } from '../screen.ts';
import type { Event } from '../state/reduce.ts';

export async function watchBoard(
  server: Pick<LastingClient, 'client' | 'hasAnother'>,
  screen: Board,
  { signal, everyMs }: { readonly signal: AbortSignal; readonly everyMs: number },
  tell: (event: Event) => void,
): Promise<void> {
  let nextMs = 0;
  const begin = () => screen.watch(server.client, signal);
  const onProgress = (progress: OutageProgress): void => {
    if (progress.kind !== 'lost') return;
    tell({ kind: 'connection', connection: { kind: 'lost', why: progress.error.message } });
  };
  try {
    for await (const picture of watchOn(server, begin, { signal, onProgress })) {
      tell({ kind: 'connection', connection: { kind: 'live' } });
      if (performance.now() < nextMs) continue;
      nextMs = performance.now() + everyMs;
      tell({ kind: 'picture', screen, picture });
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) tell({ kind: 'connection', connection: { kind: 'over', why } });
  }
}
