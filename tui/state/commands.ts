/** The effect of each command of the key table. */
import {
  type ChangeAction,
  endsOwn,
  type Order,
  type Question,
  type SendAction,
  type Target,
} from '../screen.ts';
import { screenNamed, screensFor } from '../screens/all.ts';
import { availableActions, targetsOf } from './available-actions.ts';
import { detailLines } from './detail-lines.ts';
import { dialogLines } from './dialog-text.ts';
import type { Command } from './keys.ts';
import { back, openScreen, openView, requery, withoutMarks, withView, withWindow } from './navigation.ts';
import { type OutputSource, scrolledBy, viewOnOutput } from './output.ts';
import {
  type Dialog,
  heightOf,
  type Job,
  listOf,
  pageOf,
  type State,
  screenOf,
  viewOf,
  viewOnList,
} from './state.ts';
import { moved, movedTo, rowAt, targetOf, toggleMark, withMarks } from './window.ts';

type Effect = (state: State, key: string) => State;

const EFFECTS: Readonly<Record<Command, Effect>> = {
  down: (state) => move(state, 1),
  up: (state) => move(state, -1),
  pageDown: (state) => move(state, heightOf(state.size)),
  pageUp: (state) => move(state, -heightOf(state.size)),
  first: (state) => moveTo(state, 'first'),
  last: (state) => moveTo(state, 'last'),
  open,
  back: (state) => (state.dialog === undefined ? back(state) : { ...state, dialog: undefined }),
  filter: (state) => ({ ...state, prompt: { kind: 'filter', text: listOf(state)?.query.filter ?? '' } }),
  jump: (state) => ({ ...state, prompt: { kind: 'jump', text: '' } }),
  sort: (state) => sort(state, 1),
  sortBack: (state) => sort(state, -1),
  reverse,
  everyone,
  mark: (state) => withWindow(state, toggleMark),
  markAll,
  unmarkAll: withoutMarks,
  act,
  screen: (state, key) => toScreen(state, Number(key) - 1),
  nextScreen: (state) => toScreen(state, (current(state) + 1) % screensFor(state.who).length),
  previousScreen: (state) => toScreen(state, current(state) - 1),
  help: (state) => ({ ...state, dialog: { kind: 'help', top: 0 } }),
  yes: (state) => confirmed(state, false),
  yesEndSessions: (state) => confirmed(state, true),
  stop,
  choose: (state) => state,
  suspend: (state) => ({ ...state, isSuspending: true }),
  quit: (state) => ({ ...state, isLeaving: true }),
};

export function runCommand(state: State, command: Command, key: string): State {
  return EFFECTS[command](state, key);
}

function move(state: State, by: number): State {
  const { dialog } = state;
  if (dialog !== undefined) return { ...state, dialog: scrolled(state, dialog, by) };
  const view = viewOf(state);
  if (view.kind === 'board') return state;
  if (view.kind === 'output') return withView(state, scrolledBy(view, by, pageOf(state.size)));
  if (view.open === undefined) return withWindow(state, (window, height) => moved(window, by, height));
  const last = detailLines(state, view.open.row).length - 1;
  const at = Math.min(Math.max(0, view.open.at + by), last);
  return withView(state, { ...view, open: { ...view.open, at } });
}

function moveTo(state: State, end: 'first' | 'last'): State {
  const view = viewOf(state);
  if (state.dialog !== undefined || view.kind !== 'list' || view.open !== undefined)
    return move(state, end === 'first' ? -Infinity : Infinity);
  const canListFromEnd = view.query.order !== undefined;
  return withWindow(state, (window, height) => movedTo(window, end, canListFromEnd, height));
}

/** Scrolls a dialog's text, within its length. */
function scrolled(state: State, dialog: Dialog, by: number): Dialog {
  if (dialog.kind !== 'help' && dialog.kind !== 'report') return dialog;
  const lowest = Math.max(0, dialogLines(state, dialog).length - heightOf(state.size));
  return { ...dialog, top: Math.min(Math.max(0, dialog.top + by), lowest) };
}

function open(state: State): State {
  const view = listOf(state);
  if (view === undefined) return state;
  if (view.open === undefined) {
    const row = rowAt(view.window);
    return row === undefined ? state : withView(state, { ...view, open: { row, at: 0, isGone: false } });
  }
  const reference = detailLines(state, view.open.row)[view.open.at]?.field.reference;
  const screen = reference && screenNamed(reference.screen);
  if (reference === undefined || screen?.kind !== 'list')
    return { ...state, note: 'this line refers to no other rows' };
  return openView(state, viewOnList(screen, { scope: reference.scope, filter: reference.filter ?? '' }));
}

/** Sorts by the next column that the server can sort by, or by the previous one. */
function sort(state: State, by: 1 | -1): State {
  const query = listOf(state)?.query;
  if (query === undefined) return state;
  const { screen, order } = query;
  const orders = screen.columns.flatMap((column) => column.order ?? []);
  const at = orders.indexOf(order?.by ?? '');
  const next = orders.at(at < 0 ? 0 : (at + by) % orders.length);
  if (next === undefined) return { ...state, note: `${screen.rows} have one order` };
  return requery(state, { order: { by: next, descending: false } });
}

function reverse(state: State): State {
  const query = listOf(state)?.query;
  if (query === undefined) return state;
  const { screen, order } = query;
  if (order === undefined) return { ...state, note: `${screen.rows} have one order` };
  const reversed: Order = { ...order, descending: !order.descending };
  return requery(state, { order: reversed });
}

/** Shows also those who are not logged in any more, or only the others again. */
function everyone(state: State): State {
  const query = listOf(state)?.query;
  if (query === undefined) return state;
  const { everyone: isShown = false, ...scope } = query.scope;
  return requery(state, { scope: isShown ? scope : { ...scope, everyone: true } });
}

function act(state: State, key: string): State {
  const action = availableActions(state).find((each) => each.key === key);
  if (action === undefined) return state;
  const targets = targetsOf(state, action);
  const [first] = targets;
  switch (action.kind) {
    case 'end':
      return { ...state, dialog: { kind: 'confirm', action, targets, preview: undefined } };
    case 'send':
      return asking(state, action, action.asks, targets);
    case 'change': {
      const asks = action.asks?.(state.who);
      if (asks !== undefined) return asking(state, action, asks, targets);
      return { ...state, dialog: { kind: 'change', action, targets, value: '', preview: undefined } };
    }
    case 'show':
      return first === undefined ? state : showOutput(state, { action, target: first });
  }
}

function asking(
  state: State,
  action: SendAction | ChangeAction,
  asks: Question,
  targets: readonly Target[],
): State {
  return { ...state, dialog: { kind: 'choose', action, asks, targets, text: '', at: 0 } };
}

function showOutput(state: State, source: OutputSource): State {
  const view = viewOf(state);
  return view.kind === 'list' ? openView(state, viewOnOutput(view.query.screen, source)) : state;
}

function confirmed(state: State, endSessions: boolean): State {
  if (state.dialog?.kind === 'change') {
    const { action, targets, value } = state.dialog;
    return working(state, { kind: 'change', action, targets, value });
  }
  if (state.dialog?.kind !== 'confirm') return state;
  const { action } = state.dialog;
  const targets = state.dialog.targets.map((target) => ({
    ...target,
    endsOwnConnection: endsOwn(target, state.who),
  }));
  return working(state, { kind: 'end', action, targets, endSessions });
}

/** Marks all rows: at once when they are all loaded, otherwise by asking the server for them. */
function markAll(state: State): State {
  const view = listOf(state);
  if (view === undefined) return state;
  const { query, window } = view;
  const { rows, total } = window;
  if (rows.length >= total) return withWindow(state, () => withMarks(window, rows.map(targetOf)));
  return working(state, { kind: 'mark', query, total });
}

/** Stops a job after the calls that have begun; ^c leaves the dashboard when it is stopping already. */
function stop(state: State, key: string): State {
  const { dialog } = state;
  if (dialog?.kind !== 'working') return state;
  if (dialog.isStopping && key === '^c') return { ...state, isLeaving: true };
  return { ...state, dialog: { ...dialog, isStopping: true } };
}

function working(state: State, job: Job): State {
  return { ...state, dialog: { kind: 'working', job, done: 0, isStopping: false } };
}

function current(state: State): number {
  return screensFor(state.who).indexOf(screenOf(viewOf(state)));
}

function toScreen(state: State, at: number): State {
  const screens = screensFor(state.who);
  const screen = screens.at(at);
  return screen === undefined
    ? { ...state, note: `there are ${screens.length} screens` }
    : openScreen(state, screen);
}
