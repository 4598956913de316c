/** The dashboard: keys and news go into the state, and the state is drawn. */
import { Box, Text, useApp, useInput, useWindowSize } from 'ink';
import { type ReactNode, useEffect, useReducer } from 'react';
import type { LastingClient } from '../src/client/lasting-client.ts';
import { draw } from './layout/draw.ts';
import type { Look } from './layout/look.ts';
import { useBoard, useJob, useNow, useReady, useTypedFilter, useWatch, useWeight } from './live/hooks.ts';
import type { Loan } from './live/lend.ts';
import { useMouse } from './live/use-mouse.ts';
import { useTerminal } from './live/use-terminal.ts';
import { keyNames } from './state/key-names.ts';
import { reduce } from './state/reduce.ts';
import { isThere, type State, viewOf } from './state/state.ts';

export interface DashboardProps {
  readonly server: LastingClient;
  readonly start: State;
  readonly look: Look;
  readonly loan: Loan;
  /** Whether the mouse moves and opens. */
  readonly mouse: boolean;
}

export function Dashboard({ server, start, look, loan, mouse }: DashboardProps): ReactNode {
  const [state, tell] = useReducer(reduce, start);
  const { exit } = useApp();
  const { columns, rows } = useWindowSize();
  const nowMs = useNow(!look.isSpoken);
  const isLoaded = isThere(viewOf(state));
  const isReady = useReady(isLoaded);
  useEffect(() => tell({ kind: 'resized', size: { columns, rows } }), [columns, rows]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) tell({ kind: 'key', key: name });
  });
  useWatch(server, viewOf(state), tell);
  useBoard(server, viewOf(state), look.isSpoken, tell);
  useTypedFilter(state.prompt, isLoaded, tell);
  useWeight(server, state.dialog, tell);
  useJob(server, state.dialog, tell);
  useMouse(mouse && state.lent === undefined && !state.isSuspending, tell);
  useTerminal(state, loan, tell);
  useEffect(() => {
    if (state.isLeaving) exit();
  }, [state.isLeaving, exit]);
  if (!isReady) return null;
  const lines = draw(state, nowMs, look).map((text, at) => ({ key: `line ${at}`, text }));
  return (
    <Box flexDirection="column">
      {lines.map(({ key, text }) => (
        <Text key={key} wrap={look.isSpoken ? 'wrap' : 'truncate-end'}>
          {text === '' ? ' ' : text}
        </Text>
      ))}
    </Box>
  );
}
