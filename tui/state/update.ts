/** Updates the state: one pure step for each event from the server, the terminal or a key. */
import type { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import type { Cell } from '../../src/terminal/table.ts';
import type { Board, Change, Picture, Query, Row, Target } from '../screen.ts';
import { noticeOf } from './change-notice.ts';
import { choosing } from './choices.ts';
import { runCommand } from './commands.ts';
import { commandFor, isForRows } from './keys.ts';
import { keysFor, type MouseAction } from './mouse.ts';
import { filtered, onOutput, onQuery, withoutMarks, withView, withWindow } from './navigation.ts';
import { type OutputSource, withText } from './output.ts';
import { editPrompt } from './prompt.ts';
import {
  type Connection,
  type Dialog,
  heightOf,
  type Job,
  type ListView,
  listOf,
  type ReportLine,
  type Size,
  type State,
  type View,
  viewOf,
} from './state.ts';
import { type Extent, inView, withChanges, withMarks, withRows } from './window.ts';

export type Event =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'mouse'; readonly at: MouseAction }
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
  | { readonly kind: 'picture'; readonly screen: Board; readonly picture: Picture }
  | { readonly kind: 'output'; readonly source: OutputSource; readonly text: string }
  | { readonly kind: 'output-ended'; readonly source: OutputSource; readonly end: Cell }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'previewed'; readonly targets: readonly Target[]; readonly preview: Receipt | string }
  | {
      readonly kind: 'change-previewed';
      readonly targets: readonly Target[];
      readonly preview: readonly string[];
    }
  | { readonly kind: 'progress'; readonly job: Job; readonly done: number }
  | { readonly kind: 'marked'; readonly job: Job; readonly targets: readonly Target[] }
  | { readonly kind: 'finished'; readonly job: Job; readonly text: string }
  | {
      readonly kind: 'report';
      readonly job: Job;
      readonly title: string;
      readonly lines: readonly ReportLine[];
    }
  /** The dashboard is to be suspended (job control). */
  | { readonly kind: 'suspending' }
  /** The dashboard has the terminal again. */
  | { readonly kind: 'returned' };

const SHOWN_AFTER_END: ReadonlySet<Dialog['kind']> = new Set<Dialog['kind']>(['working', 'report', 'ended']);
/** Most keys kept while rows are loading. */
const MAX_TYPED_AHEAD = 100;

export function update(state: State, event: Event): State {
  return withEnd(step(state, event));
}

/** Once the login has ended, shows only that, and the outcome of the job under way. */
function withEnd(state: State): State {
  const { connection, dialog } = state;
  if (connection.kind !== 'ended' || (dialog !== undefined && SHOWN_AFTER_END.has(dialog.kind))) return state;
  return { ...state, prompt: undefined, dialog: { kind: 'ended', why: connection.why } };
}

function step(state: State, event: Event): State {
  switch (event.kind) {
    case 'key':
      return pressKey(withoutNotes(state), event.key);
    case 'mouse':
      return keysFor(state, event.at).reduce(pressKey, withoutNotes(state));
    case 'resized':
      return resized(state, event.size);
    case 'connection':
      return { ...state, connection: event.connection };
    case 'filter':
      return filtered(state, event.text);
    case 'rows':
      return replayTypedAhead(withAnswer(state, event));
    case 'changes':
      return withChangesFrom(state, event);
    case 'picture':
      return onBoard(state, event.screen, event.picture);
    case 'output':
      return onOutput(state, event.source, (view) => withText(view, event.text));
    case 'output-ended':
      return onOutput(state, event.source, (view) => ({ ...view, end: event.end }));
    case 'note':
      return { ...state, note: event.text };
    case 'previewed':
    case 'change-previewed':
      return withPreview(state, event);
    case 'progress':
    case 'marked':
    case 'finished':
    case 'report':
      return onJob(state, event);
    case 'suspending':
      return { ...state, isSuspending: true };
    case 'returned':
      return { ...state, isSuspending: false };
  }
}

type Of<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>;

function withoutNotes(state: State): State {
  return { ...state, note: '', changeNotice: '' };
}

/** Applies an answer to the query that is shown, unless another part of the list is wanted by now. */
function withAnswer(state: State, { query, asked, rows, total }: Of<'rows'>): State {
  return onQuery(state, query, (view, height) => {
    if (view.window.wanted.from !== asked.from) return view;
    return withOpen({ ...view, window: withRows(view.window, rows, total, height) });
  });
}

function withChangesFrom(state: State, { query, changes }: Of<'changes'>): State {
  const changed = onQuery(state, query, (view, height) =>
    withOpen({ ...view, window: withChanges(view.window, changes, height) }, changes),
  );
  return changed === state ? state : { ...changed, changeNotice: noticeOf(state, changes) };
}

function withPreview(state: State, event: Of<'previewed' | 'change-previewed'>): State {
  const { dialog } = state;
  if (dialog === undefined || !('targets' in dialog) || dialog.targets !== event.targets) return state;
  if (dialog.kind === 'confirm' && event.kind === 'previewed')
    return { ...state, dialog: { ...dialog, preview: event.preview } };
  if (dialog.kind === 'change' && event.kind === 'change-previewed')
    return { ...state, dialog: { ...dialog, preview: event.preview } };
  return state;
}

/** Applies progress or the end of a job. Ignores a job that is no longer awaited. */
function onJob(state: State, event: Of<'progress' | 'marked' | 'finished' | 'report'>): State {
  const { dialog } = state;
  if (dialog?.kind !== 'working' || dialog.job !== event.job) return state;
  switch (event.kind) {
    case 'progress':
      return { ...state, dialog: { ...dialog, done: event.done } };
    case 'marked':
      return withWindow({ ...state, dialog: undefined }, (window) => withMarks(window, event.targets));
    case 'finished':
      return { ...state, dialog: undefined, note: event.text };
    case 'report': {
      const { title, lines } = event;
      const reported: State = { ...state, dialog: { kind: 'report', title, lines, top: 0 } };
      return event.job.kind === 'end' ? withoutMarks(reported) : reported;
    }
  }
}

function pressKey(state: State, key: string): State {
  if (state.prompt !== undefined) return editPrompt(state, state.prompt, key);
  if (state.dialog?.kind === 'choose') return choosing(state, state.dialog, key);
  const command = commandFor(state, key);
  if (isAwaitingRows(state) && command !== 'quit') {
    if (command === 'back' && state.typedAhead.length > 0) return { ...state, typedAhead: [] };
    if (state.typedAhead.length > 0 || isForRows(state, key)) return withTypedAhead(state, key);
  }
  return command === undefined ? state : runCommand(state, command, key);
}

/** True while the first rows of the current view are loading. */
function isAwaitingRows(state: State): boolean {
  if (state.dialog !== undefined || (listOf(state)?.window.isLoaded ?? true)) return false;
  return state.connection.kind === 'connecting' || state.connection.kind === 'live';
}

function withTypedAhead(state: State, key: string): State {
  return state.typedAhead.length < MAX_TYPED_AHEAD
    ? { ...state, typedAhead: [...state.typedAhead, key] }
    : state;
}

/** Runs the keys that were typed before the rows arrived. */
function replayTypedAhead(state: State): State {
  if (state.typedAhead.length === 0 || listOf(state)?.window.isLoaded === false) return state;
  return state.typedAhead.reduce(pressKey, { ...state, typedAhead: [] });
}

function onBoard(state: State, screen: Board, picture: Picture): State {
  const view = viewOf(state);
  return view.kind === 'board' && view.screen === screen ? withView(state, { ...view, picture }) : state;
}

function resized(state: State, size: Size): State {
  const [first, ...more] = state.views;
  const resize = (view: View): View =>
    view.kind === 'list' ? { ...view, window: inView(view.window, heightOf(size)) } : view;
  return { ...state, size, views: [resize(first), ...more.map(resize)] };
}

/** Updates the open row; one that is gone stays open, and is marked as gone. */
function withOpen(view: ListView, changes: readonly Change[] = []): ListView {
  const { open, window } = view;
  if (open === undefined) return view;
  const row = window.rows.find(({ id }) => id === open.row.id);
  if (row !== undefined) return { ...view, open: { ...open, row, isGone: false } };
  const isGone = changes.some((change) => change.kind === 'gone' && change.id === open.row.id);
  return { ...view, open: { ...open, isGone: open.isGone || isGone } };
}
