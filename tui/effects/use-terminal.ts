/**
 * Hands the terminal to another command or to the shell when the state says so, and redraws the screen
 * afterwards.
 */
import { useApp } from 'ink';
import { type Dispatch, useCallback, useEffect } from 'react';
import type { State } from '../state/state.ts';
import type { Event } from '../state/update.ts';
import { runInTerminal, stopUntilContinued, type TerminalLoan } from './run-in-terminal.ts';

type Wish = Pick<State, 'lent' | 'isSuspending'>;

export function useTerminal({ lent, isSuspending }: Wish, loan: TerminalLoan, tell: Dispatch<Event>): void {
  const { suspendTerminal } = useApp();
  const onStop = useCallback((): void => {
    if (loan.isOut) void stopUntilContinued(onStop);
    else tell({ kind: 'suspending' });
  }, [loan, tell]);
  useEffect(() => {
    const handOver = async (use: () => Promise<void>): Promise<void> => {
      loan.isOut = true;
      await suspendTerminal(use);
      loan.isOut = false;
      tell({ kind: 'returned' });
    };
    if (lent !== undefined) void handOver(() => runInTerminal(lent, loan));
    else if (isSuspending) void handOver(() => stopUntilContinued(onStop));
  }, [lent, isSuspending, loan, onStop, tell, suspendTerminal]);
  useEffect(() => {
    process.on('SIGTSTP', onStop);
    return () => void process.off('SIGTSTP', onStop);
  }, [onStop]);
}
