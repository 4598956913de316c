/** The state of the dashboard: with the time, it determines everything that is drawn. */
import type { CallerIdentity } from '../../src/client/watch/reconnecting-client.ts';
import type { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import type { Cell } from '../../src/terminal/table.ts';
import type {
  Board,
  ChangeAction,
  EndAction,
  List,
  Picture,
  Query,
  Question,
  Row,
  Screen,
  SendAction,
  Target,
} from '../screen.ts';
import type { OutputView, Page } from './output.ts';
import { emptyWindow, type Window } from './window.ts';

export type View = ListView | BoardView | OutputView;

/** A list, and its open row. */
export interface ListView {
  readonly kind: 'list';
  readonly query: Query;
  readonly window: Window;
  /** `at` is the line of the cursor. */
  readonly open: { readonly row: Row; readonly at: number; readonly isGone: boolean } | undefined;
}

export interface BoardView {
  readonly kind: 'board';
  readonly screen: Board;
  /** Undefined until the first picture has arrived. */
  readonly picture: Picture | undefined;
}

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly why: string }
  /** This watch will send nothing more; others may. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The login has ended, so no call succeeds any more. */
  | { readonly kind: 'ended'; readonly why: string };

/** A text being typed. */
export interface Prompt {
  readonly kind: 'filter' | 'jump';
  readonly text: string;
}

/** A job that the user waits for; the same object while it runs. */
export type Job =
  | {
      readonly kind: 'end';
      readonly action: EndAction;
      readonly targets: readonly Target[];
      /** True when the sessions that would keep running end, too. */
      readonly endSessions?: boolean;
    }
  | {
      readonly kind: 'send';
      readonly action: SendAction;
      readonly targets: readonly Target[];
      readonly choice: string;
    }
  | {
      readonly kind: 'change';
      readonly action: ChangeAction;
      readonly targets: readonly Target[];
      readonly value: string;
    }
  /** Marks every row of the query. */
  | { readonly kind: 'mark'; readonly query: Query; readonly total: number };

/** A line of a report; a styled one is painted where colours are on. */
export type ReportLine = string | Cell;

/** A dialog that covers the view until it is answered or closed. */
export type Dialog =
  | { readonly kind: 'help'; readonly top: number }
  | {
      readonly kind: 'confirm';
      readonly action: EndAction;
      readonly targets: readonly Target[];
      /** The receipt to expect, or why it is not known; undefined until the server has answered. */
      readonly preview: Receipt | string | undefined;
    }
  | {
      readonly kind: 'change';
      readonly action: ChangeAction;
      readonly targets: readonly Target[];
      /** The value that was asked for; '' for none. */
      readonly value: string;
      /** Says what would change, or why it cannot; undefined until the server has answered. */
      readonly preview: readonly string[] | undefined;
    }
  | {
      readonly kind: 'choose';
      readonly action: SendAction | ChangeAction;
      readonly asks: Question;
      readonly targets: readonly Target[];
      readonly text: string;
      /** Index among the choices that begin with the typed text. */
      readonly at: number;
    }
  | {
      readonly kind: 'working';
      readonly job: Job;
      /** Number of rows that are done. */
      readonly done: number;
      readonly isStopping: boolean;
    }
  | {
      readonly kind: 'report';
      readonly title: string;
      readonly lines: readonly ReportLine[];
      readonly top: number;
    }
  /** The login has ended; only quitting and suspending are possible. */
  | { readonly kind: 'ended'; readonly why: string };

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface State {
  readonly who: CallerIdentity;
  /** True when no action is permitted. */
  readonly readOnly: boolean;
  readonly size: Size;
  readonly connection: Connection;
  /** The views opened one from another; the last is shown. */
  readonly views: readonly [View, ...View[]];
  readonly prompt: Prompt | undefined;
  readonly dialog: Dialog | undefined;
  /** Keys for rows, typed before the first rows have arrived. */
  readonly typedAhead: readonly string[];
  /** The result of the last key, in one line. */
  readonly note: string;
  /** The latest notice of changes on the server. */
  readonly changeNotice: string;
  readonly isLeaving: boolean;
  /** True when the dashboard is to be suspended (job control, tcsetpgrp(3)). */
  readonly isSuspending: boolean;
}

/** Number of sessions that would keep running after a question is answered with yes, and could end, too. */
export function keptSessions({ action, targets, preview }: Extract<Dialog, { kind: 'confirm' }>): number {
  return typeof preview === 'object' ? (action.keptSessions?.(preview, targets) ?? 0) : 0;
}

/** Lines besides the rows: three above, the headings, two below. */
const AROUND = 6;

/** Returns the number of rows shown. */
export function heightOf({ rows }: Size): number {
  return Math.max(1, rows - AROUND);
}

/** Returns the room for a session's output. */
export function pageOf(size: Size): Page {
  return { columns: size.columns, height: heightOf(size) };
}

export function viewOf(state: State): View {
  return state.views.at(-1) ?? state.views[0];
}

/** Returns the current view if it is a list. */
export function listOf(state: State): ListView | undefined {
  const view = viewOf(state);
  return view.kind === 'list' ? view : undefined;
}

export function screenOf(view: View): Screen {
  return view.kind === 'list' ? view.query.screen : view.screen;
}

/** True when the first answer for the view has arrived. */
export function hasLoaded(view: View): boolean {
  return view.kind === 'list' ? view.window.isLoaded : view.kind === 'output' || view.picture !== undefined;
}

export function viewOn(screen: Screen): View {
  return screen.kind === 'list' ? viewOnList(screen) : { kind: 'board', screen, picture: undefined };
}

export function viewOnList(screen: List, more: Partial<Query> = {}): ListView {
  const query = { screen, scope: {}, filter: '', order: screen.order, ...more };
  return { kind: 'list', query, window: emptyWindow, open: undefined };
}

export function initialState(who: CallerIdentity, screen: Screen, readOnly: boolean, size: Size): State {
  return {
    who,
    readOnly,
    size,
    connection: { kind: 'connecting' },
    views: [viewOn(screen)],
    prompt: undefined,
    dialog: undefined,
    typedAhead: [],
    note: '',
    changeNotice: '',
    isLeaving: false,
    isSuspending: false,
  };
}
