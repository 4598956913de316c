/** The pictures of a board, for as long as it is looked at. */
import type { Board } from '../screen.ts';
import type { Event } from '../state/update.ts';
import { type Watched, watching } from './watching.ts';

/** Begins again by itself when the server was away. `everyMs`: pictures between are left out. */
export async function watchBoard(
  server: Watched,
  screen: Board,
  { signal, everyMs }: { readonly signal: AbortSignal; readonly everyMs: number },
  tell: (event: Event) => void,
): Promise<void> {
  let nextMs = 0;
  const begin = () => screen.watch(server.client, signal);
  for await (const picture of watching(server, begin, signal, tell)) {
    tell({ kind: 'connection', connection: { kind: 'live' } });
    if (performance.now() < nextMs) continue;
    nextMs = performance.now() + everyMs;
    tell({ kind: 'picture', screen, picture });
  }
}
