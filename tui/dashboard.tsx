/** The dashboard: keys and the server's events change the state, and the state is drawn. */
import { Box, Text, useApp, useInput, useWindowSize } from 'ink';
import { type Dispatch, memo, type ReactNode, useEffect, useReducer, useRef } from 'react';
import type { ReconnectingClient } from '../src/client/watch/reconnecting-client.ts';
import {
  useBoard,
  useJob,
  useNow,
  useOutput,
  usePreview,
  useReady,
  useTypedFilter,
  useWatch,
} from './effects/hooks.ts';
import { useMouse } from './effects/use-mouse.ts';
import { useSuspension } from './effects/use-suspension.ts';
import { keyNames } from './state/key-names.ts';
import { hasLoaded, type State, viewOf } from './state/state.ts';
import { type Event, update } from './state/update.ts';
import { draw } from './view/draw.ts';
import type { Appearance } from './view/theme.ts';

export interface DashboardProps {
  readonly server: ReconnectingClient;
  readonly start: State;
  readonly appearance: Appearance;
  /** True when the mouse moves the cursor and opens rows. */
  readonly mouse: boolean;
}

export function Dashboard({ server, start, appearance, mouse }: DashboardProps): ReactNode {
  const [state, dispatch] = useReducer(update, start);
  const { exit } = useApp();
  const { columns, rows } = useWindowSize();
  const isLoaded = hasLoaded(viewOf(state));
  const isReady = useReady(isLoaded);
  useEffect(() => dispatch({ kind: 'resized', size: { columns, rows } }), [columns, rows]);
  useWatch(server, viewOf(state), dispatch);
  useBoard(server, viewOf(state), appearance.isSpoken, dispatch);
  useOutput(server, viewOf(state), dispatch);
  useTypedFilter(state.prompt, isLoaded, dispatch);
  usePreview(server, state.dialog, dispatch);
  useJob(server, state.dialog, dispatch);
  useMouse(mouse && !state.isSuspending, dispatch);
  useSuspension(state.isSuspending, dispatch);
  useEffect(() => {
    if (state.isLeaving) exit();
  }, [state.isLeaving, exit]);
  return (
    <>
      <Keys dispatch={dispatch} />
      {isReady && <Drawing state={state} appearance={appearance} />}
    </>
  );
}

interface DrawingProps {
  readonly state: State;
  readonly appearance: Appearance;
}

/** For a screen reader, the times in the text stay those of its last other change: none is said again. */
function Drawing({ state, appearance }: DrawingProps): ReactNode {
  const nowMs = useNow(!appearance.isSpoken);
  const drawn = useRef({ nowMs, text: '' });
  const textAt = (timeMs: number): string => draw(state, timeMs, appearance).join('\n');
  const hasChanged = !appearance.isSpoken || textAt(drawn.current.nowMs) !== drawn.current.text;
  if (hasChanged) drawn.current = { nowMs, text: textAt(nowMs) };
  return <ScreenText text={drawn.current.text} wrap={appearance.isSpoken ? 'wrap' : 'truncate-end'} />;
}

/*
 * Ink draws whenever a component with one of its hooks renders, and writes to a screen reader's terminal each
 * time, even when the text is the same. So both components render only when their own props change.
 */

const Keys = memo(function Keys({ dispatch }: { readonly dispatch: Dispatch<Event> }): ReactNode {
  useInput((input, key) => {
    for (const name of keyNames(input, key)) dispatch({ kind: 'key', key: name });
  });
  return null;
});

interface ScreenTextProps {
  /** Lines that are already coloured. */
  readonly text: string;
  readonly wrap: 'wrap' | 'truncate-end';
}

const ScreenText = memo(function ScreenText({ text, wrap }: ScreenTextProps): ReactNode {
  const lines = text.split('\n').map((line, at) => ({ key: `line ${at}`, line }));
  return (
    <Box flexDirection="column">
      {lines.map(({ key, line }) => (
        <Text key={key} wrap={wrap}>
          {line === '' ? ' ' : line}
        </Text>
      ))}
    </Box>
  );
});
