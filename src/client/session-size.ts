/** Tells the server the size of the client's terminal, at first and whenever it has changed. */
import type { TerminalSize } from '../generated/latchkey/v1/session.ts';

/** A size that changes. */
export interface SizeSource {
  readonly current: TerminalSize;
  /** Resolves at the next change. */
  changed(): Promise<void>;
}

/**
 * Sends the present size, then the latest one after each change: in a storm of changes, those that come while
 * one is being sent are left out. Ends when `signal` aborts.
 */
export async function sendSizes(
  source: SizeSource,
  send: (size: TerminalSize) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  let sent: TerminalSize | undefined;
  while (!signal.aborted) {
    const { columns, rows } = source.current;
    if (sent?.columns === columns && sent.rows === rows) await Promise.race([source.changed(), stopped]);
    else {
      sent = { columns, rows };
      await send(sent);
    }
  }
}
