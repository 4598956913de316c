/** Suspends the dashboard to the shell when the state or a signal asks for it, then redraws (job control). */
import { once } from 'node:events';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { useApp } from 'ink';
import { type Dispatch, useCallback, useEffect } from 'react';
import type { Event } from '../state/update.ts';

/** Time for a signal to take effect, in milliseconds. */
const STOP_MS = 200;

export function useSuspension(isSuspending: boolean, dispatch: Dispatch<Event>): void {
  const { suspendTerminal } = useApp();
  const onStop = useCallback((): void => dispatch({ kind: 'suspending' }), [dispatch]);
  useEffect(() => {
    if (!isSuspending) return;
    void suspendTerminal(() => stopUntilContinued(onStop)).then(() => dispatch({ kind: 'returned' }));
  }, [isSuspending, onStop, dispatch, suspendTerminal]);
  useEffect(() => {
    process.on('SIGTSTP', onStop);
    return () => void process.off('SIGTSTP', onStop);
  }, [onStop]);
}

/**
 * Stops this process group, as the terminal does for ^Z; resolves when it is continued. The kernel does not
 * stop a group that no shell could continue (an orphaned process group, setpgid(2)).
 */
async function stopUntilContinued(onStop: () => void): Promise<void> {
  await pauseInput();
  process.off('SIGTSTP', onStop);
  const left = new AbortController();
  const continued = once(process, 'SIGCONT', { signal: left.signal }).catch(() => {});
  process.kill(0, 'SIGTSTP');
  await Promise.race([continued, delay(STOP_MS)]);
  left.abort();
  process.on('SIGTSTP', onStop);
  process.stdout.write('\r');
}

/**
 * Stops reading the terminal until there is another listener. Ink releases its input, and a pause takes
 * effect, only after this turn of the event loop: an earlier listener would wait for ever.
 */
async function pauseInput(): Promise<void> {
  await setImmediate();
  process.stdin.pause();
  await setImmediate();
}
