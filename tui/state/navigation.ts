/** Navigation between views, and their queries. */
import type { Order, Query, Screen } from '../screen.ts';
import type { OutputSource, OutputView } from './output.ts';
import { heightOf, type ListView, listOf, type State, type View, viewOf, viewOn } from './state.ts';
import { emptyWindow, rowAt, type Window } from './window.ts';

/** Replaces the last view. */
export function withView(state: State, view: View): State {
  const [first, ...more] = state.views;
  return { ...state, views: more.length === 0 ? [view] : [first, ...more.slice(0, -1), view] };
}

/** Changes the view of `query`. Does nothing when another query is shown by now. */
export function onQuery(
  state: State,
  query: Query,
  change: (view: ListView, height: number) => ListView,
): State {
  const view = listOf(state);
  return view?.query === query ? withView(state, change(view, heightOf(state.size))) : state;
}

/** Changes the view of this output. Does nothing when it is not shown any more. */
export function onOutput(
  state: State,
  source: OutputSource,
  change: (view: OutputView) => OutputView,
): State {
  const view = viewOf(state);
  return view.kind === 'output' && view.source === source ? withView(state, change(view)) : state;
}

export function withWindow(state: State, change: (window: Window, height: number) => Window): State {
  const view = listOf(state);
  if (view === undefined) return state;
  return withView(state, { ...view, window: change(view.window, heightOf(state.size)) });
}

export function withoutMarks(state: State): State {
  return withWindow(state, (window) => ({ ...window, marked: new Map() }));
}

/** Changes the query of the screen. The old rows are shown until the answer arrives. */
export function requery(
  state: State,
  change: Partial<Pick<Query, 'filter' | 'scope'>> & { readonly order?: Order },
): State {
  const view = listOf(state);
  if (view === undefined) return state;
  const { query, window } = view;
  const fresh: Window = {
    ...emptyWindow,
    rows: window.rows,
    total: window.total,
    marked: window.marked,
    goal: 'first',
  };
  return withView(state, { ...view, query: { ...query, ...change }, window: fresh, open: undefined });
}

/** Applies a filter. Without one, the cursor stays on its row. */
export function filtered(state: State, text: string): State {
  const view = listOf(state);
  if (view?.query.filter === text) return state;
  const asked = requery(state, { filter: text });
  const row = view && rowAt(view.window);
  if (view === undefined || row === undefined || text !== '') return asked;
  const { cursor, top } = view.window;
  return withWindow(asked, (window) => ({ ...window, cursor, top, goal: { id: row.id } }));
}

/** Opens a screen, with no view to return to. */
export function openScreen(state: State, screen: Screen): State {
  return { ...state, views: [viewOn(screen)], typedAhead: [] };
}

/** Opens a view on top of the current one. */
export function openView(state: State, view: View): State {
  return { ...state, views: [...state.views, view] };
}

/** Returns to the previous view, or removes the filter and marks of this one. */
export function back(state: State): State {
  const view = viewOf(state);
  if (view.kind === 'list' && view.open !== undefined) return withView(state, { ...view, open: undefined });
  if (view.kind === 'list' && view.window.marked.size > 0) return withoutMarks(state);
  const [first, ...more] = state.views;
  if (more.length > 0) return { ...state, views: [first, ...more.slice(0, -1)] };
  return filtered(state, '');
}
