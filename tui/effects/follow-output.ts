/** Reads the output of a session while it is shown, across outages. No program waits for this reader. */
import { setImmediate } from 'node:timers/promises';
import { hasLoginEnded } from '../../src/client/watch/reconnecting-client.ts';
import { resilientWatch } from '../../src/client/watch/resilient-watch.ts';
import type { RetryProgress } from '../../src/client/watch/retry.ts';
import { isAppError } from '../../src/errors.ts';
import { explain } from '../../src/terminal/failure.ts';
import type { OutputEvent } from '../screen.ts';
import type { OutputSource } from '../state/output.ts';
import type { Event } from '../state/update.ts';
import type { WatchedServer } from './watch-with-status.ts';

/** Dispatches the output until it ends or `signal` aborts, then how it ended. */
export async function followOutput(
  server: WatchedServer,
  source: OutputSource,
  signal: AbortSignal,
  dispatch: (event: Event) => void,
): Promise<void> {
  const position = { offset: source.action.fromNow ? -1 : 0 };
  const decoder = new TextDecoder();
  const onDropped = (bytes: number): void =>
    dispatch({ kind: 'note', text: `${bytes} bytes of older output are not available` });
  const begin = () => read(server, source, position, signal, onDropped);
  const onProgress = (progress: RetryProgress): void => {
    if (progress.kind !== 'lost') return;
    dispatch({ kind: 'connection', connection: { kind: 'lost', why: progress.error.message } });
  };
  try {
    for await (const event of resilientWatch(server, begin, { signal, onProgress })) {
      if (signal.aborted) return;
      if (event.kind === 'opened') dispatch({ kind: 'connection', connection: { kind: 'live' } });
      if (event.kind === 'ended') return dispatch({ kind: 'output-ended', source, end: event.how });
      if (event.kind === 'printed')
        dispatch({ kind: 'output', source, text: decoder.decode(event.data, { stream: true }) });
      await setImmediate(); // keys come first
    }
  } catch (error) {
    const why = explain(error).text;
    if (signal.aborted) return;
    if (hasLoginEnded(error)) dispatch({ kind: 'connection', connection: { kind: 'ended', why } });
    dispatch({ kind: 'output-ended', source, end: { text: `cannot be read: ${why}`, style: 'bad' } });
  }
}

/** Reads from `position` and advances it, so that the next attempt continues there. */
async function* read(
  server: WatchedServer,
  { action, target }: OutputSource,
  position: { offset: number },
  signal: AbortSignal,
  onDropped: (bytes: number) => void,
): AsyncGenerator<OutputEvent> {
  while (true) {
    try {
      for await (const event of action.read(server.client, target.id, { offset: position.offset, signal })) {
        if (event.kind === 'printed') position.offset = event.offset + event.data.length;
        yield event;
      }
      return;
    } catch (error) {
      const first = isAppError(error, 'OUTPUT_DROPPED') ? Number(error.details.firstOffset) : Number.NaN;
      if (!(first > position.offset)) throw error;
      onDropped(first - Math.max(0, position.offset));
      position.offset = first;
    }
  }
}
