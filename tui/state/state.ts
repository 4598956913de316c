/** What the dashboard knows: everything it draws is made from this and the time. */
import type { CallerIdentity } from '../../src/client/watch/reconnecting-client.ts';
import type { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import type {
  Board,
  Ending,
  List,
  Picture,
  Query,
  Row,
  Screen,
  Sending,
  Showing,
  Target,
} from '../screen.ts';
import { emptyWindow, type Window } from './window.ts';

export type View = ListView | BoardView;

/** A list, and the row of it that is open. */
export interface ListView {
  readonly kind: 'list';
  readonly query: Query;
  readonly window: Window;
  /** `at` is the line that the cursor is on. */
  readonly open: { readonly row: Row; readonly at: number; readonly isGone: boolean } | undefined;
}

export interface BoardView {
  readonly kind: 'board';
  readonly screen: Board;
  /** Undefined until the first has come. */
  readonly picture: Picture | undefined;
}

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly why: string }
  /** This will not be told any more; other things may be. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The login is over, and with it everything. */
  | { readonly kind: 'over'; readonly why: string };

/** What is being typed. */
export interface Prompt {
  readonly kind: 'filter' | 'jump';
  readonly text: string;
}

/** What is done while one waits; the same object for as long as it goes on. */
export type Job =
  | { readonly kind: 'end'; readonly action: Ending; readonly targets: readonly Target[] }
  | {
      readonly kind: 'send';
      readonly action: Sending;
      readonly targets: readonly Target[];
      readonly choice: string;
    }
  /** Marks all that the query picks. */
  | { readonly kind: 'mark'; readonly query: Query; readonly total: number };

/** What is to be answered or read before anything else goes on. */
export type Dialog =
  | { readonly kind: 'help'; readonly top: number }
  | {
      readonly kind: 'confirm';
      readonly action: Ending;
      readonly targets: readonly Target[];
      /** The receipt to be, or why nobody knows it; undefined until the server has said. */
      readonly preview: Receipt | string | undefined;
    }
  | {
      readonly kind: 'choose';
      readonly action: Sending;
      readonly targets: readonly Target[];
      readonly text: string;
      /** Among the choices that begin as typed. */
      readonly at: number;
    }
  | {
      readonly kind: 'working';
      readonly job: Job;
      /** How many rows are done. */
      readonly done: number;
      readonly isStopping: boolean;
    }
  | {
      readonly kind: 'told';
      readonly title: string;
      readonly lines: readonly string[];
      readonly top: number;
    }
  /** There is nothing left but to read it. */
  | { readonly kind: 'over'; readonly why: string };

/** Another command of this program that has the terminal for a while. */
export interface Lent {
  readonly action: Showing;
  readonly target: Target;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface State {
  readonly who: CallerIdentity;
  /** Whether nothing may be done. */
  readonly readOnly: boolean;
  readonly size: Size;
  readonly connection: Connection;
  /** What one came through; the last is shown. */
  readonly views: readonly [View, ...View[]];
  readonly prompt: Prompt | undefined;
  readonly dialog: Dialog | undefined;
  readonly lent: Lent | undefined;
  /** Keys that mean rows, while the first rows are not here yet. */
  readonly early: readonly string[];
  /** One line about the last key. */
  readonly note: string;
  /** What came last from the server by itself, in words. */
  readonly news: string;
  readonly isLeaving: boolean;
  /** Whether the shell is wanted back for a while (job control, tcsetpgrp(3)). */
  readonly isSuspending: boolean;
}

/** Lines around the list: three above it, the headings, two below it. */
const AROUND = 6;

/** How many rows are shown. */
export function heightOf({ rows }: Size): number {
  return Math.max(1, rows - AROUND);
}

export function viewOf(state: State): View {
  return state.views.at(-1) ?? state.views[0];
}

/** The list that is looked at, if it is one. */
export function listOf(state: State): ListView | undefined {
  const view = viewOf(state);
  return view.kind === 'list' ? view : undefined;
}

export function screenOf(view: View): Screen {
  return view.kind === 'list' ? view.query.screen : view.screen;
}

/** Whether the first answer to what is looked at has come. */
export function isThere(view: View): boolean {
  return view.kind === 'list' ? view.window.isLoaded : view.picture !== undefined;
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
    lent: undefined,
    early: [],
    note: '',
    news: '',
    isLeaving: false,
    isSuspending: false,
  };
}
