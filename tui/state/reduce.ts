/** What happens to the state: one pure step for everything that comes from the server, the terminal or a key. */
import type { Change, Query, Row } from '../screen.ts';
import { commandFor } from './keys.ts';
import { obey } from './obey.ts';
import { edited } from './prompt.ts';
import { type Connection, heightOf, type Size, type State, type View } from './state.ts';
import { filtered, onQuery, withoutMarks } from './views.ts';
import { type Extent, inView, withChanges, withRows } from './window.ts';

export type Event =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'resized'; readonly size: Size }
  | { readonly kind: 'connection'; readonly connection: Connection }
  | { readonly kind: 'filter'; readonly text: string }
  | {
      readonly kind: 'rows';
      readonly query: Query;
      readonly asked: Extent;
      readonly rows: readonly Row[];
      readonly total: number;
    }
  | { readonly kind: 'changes'; readonly query: Query; readonly changes: readonly Change[] }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'told'; readonly title: string; readonly lines: readonly string[] };

export function reduce(state: State, event: Event): State {
  switch (event.kind) {
    case 'key':
      return pressed({ ...state, note: '' }, event.key);
    case 'resized':
      return resized(state, event.size);
    case 'connection':
      return { ...state, connection: event.connection };
    case 'filter':
      return filtered(state, event.text);
    case 'rows':
      return onQuery(state, event.query, (view, height) => {
        if (view.window.wanted.from !== event.asked.from) return view;
        return withOpen({ ...view, window: withRows(view.window, event.rows, event.total, height) });
      });
    case 'changes':
      return onQuery(state, event.query, (view, height) =>
        withOpen({ ...view, window: withChanges(view.window, event.changes, height) }, event.changes),
      );
    case 'note':
      return { ...state, note: event.text };
    case 'told': {
      const { title, lines } = event;
      return withoutMarks({ ...state, dialog: { kind: 'told', title, lines, top: 0 } });
    }
  }
}

function pressed(state: State, key: string): State {
  if (key === '^c') return { ...state, isLeaving: true };
  if (state.prompt !== undefined) return edited(state, state.prompt, key);
  const command = commandFor(state, key);
  return command === undefined ? state : obey(state, command, key);
}

function resized(state: State, size: Size): State {
  const [first, ...more] = state.views;
  const resize = (view: View): View => ({ ...view, window: inView(view.window, heightOf(size)) });
  return { ...state, size, views: [resize(first), ...more.map(resize)] };
}

/** The open row as it is now; one that is gone stays open, and says so. */
function withOpen(view: View, changes: readonly Change[] = []): View {
  const { open, window } = view;
  if (open === undefined) return view;
  const row = window.rows.find(({ id }) => id === open.row.id);
  if (row !== undefined) return { ...view, open: { ...open, row, isGone: false } };
  const isGone = changes.some((change) => change.kind === 'gone' && change.id === open.row.id);
  return { ...view, open: { ...open, isGone: open.isGone || isGone } };
}
