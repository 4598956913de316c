/** Hands the terminal to another command or to the shell when the state asks for it, then redraws. */
import { useApp } from 'ink';
import { type Dispatch, useCallback, useEffect } from 'react';
import type { State } from '../state/state.ts';
import type { Event } from '../state/update.ts';
import { runInTerminal, stopUntilContinued, type TerminalHandover } from './run-in-terminal.ts';

type Handover = Pick<State, 'foreground' | 'isSuspending'>;

export function useTerminal(
  { foreground, isSuspending }: Handover,
  handover: TerminalHandover,
  dispatch: Dispatch<Event>,
): void {
  const { suspendTerminal } = useApp();
  const onStop = useCallback((): void => {
    if (handover.isHandedOver) void stopUntilContinued(onStop);
    else dispatch({ kind: 'suspending' });
  }, [handover, dispatch]);
  useEffect(() => {
    const handOver = async (use: () => Promise<void>): Promise<void> => {
      handover.isHandedOver = true;
      await suspendTerminal(use);
      handover.isHandedOver = false;
      dispatch({ kind: 'returned' });
    };
    if (foreground !== undefined) void handOver(() => runInTerminal(foreground, handover));
    else if (isSuspending) void handOver(() => stopUntilContinued(onStop));
  }, [foreground, isSuspending, handover, onStop, dispatch, suspendTerminal]);
  useEffect(() => {
    process.on('SIGTSTP', onStop);
    return () => void process.off('SIGTSTP', onStop);
  }, [onStop]);
}
