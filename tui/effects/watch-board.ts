/** Watches the pictures of a board while it is shown. */
import type { Board } from '../screen.ts';
import type { Event } from '../state/update.ts';
import { type Watched, watching } from './watching.ts';

/** Yields pictures, and begins again by itself after an outage. Skips those that follow within `everyMs`. */
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
