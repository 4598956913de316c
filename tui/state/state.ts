/** What the dashboard knows: everything it draws is made from this and the time. */
import type { Who } from '../../src/client/lasting-client.ts';
import type { Field, Query, Row, Screen } from '../screen.ts';
import { emptyWindow, type Window } from './window.ts';

/** A list, and the row of it that is open. */
export interface View {
  readonly query: Query;
  readonly window: Window;
  /** `at` is the field that the cursor is on. */
  readonly open: { readonly row: Row; readonly at: number; readonly isGone: boolean } | undefined;
}

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly why: string }
  /** It will not come back by itself. */
  | { readonly kind: 'over'; readonly why: string };

/** What is being typed. */
export interface Prompt {
  readonly kind: 'filter' | 'jump';
  readonly text: string;
}

/** What is to be answered or read before anything else goes on. */
export type Dialog =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'confirm' | 'acting'; readonly screen: Screen; readonly rows: readonly Row[] }
  | {
      readonly kind: 'told';
      readonly title: string;
      readonly lines: readonly string[];
      readonly top: number;
    };

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface State {
  readonly who: Who;
  /** Whether nothing may be done. */
  readonly readOnly: boolean;
  readonly size: Size;
  readonly connection: Connection;
  /** What one came through; the last is shown. */
  readonly views: readonly [View, ...View[]];
  readonly prompt: Prompt | undefined;
  readonly dialog: Dialog | undefined;
  /** One line about the last key. */
  readonly note: string;
  readonly isLeaving: boolean;
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

/** The fields of a row that are worth a line. */
export function shownFields(row: Row): Field[] {
  return row.fields.filter(({ value }) => value !== undefined && value !== '');
}

export function viewOn(screen: Screen, more: Partial<Query> = {}): View {
  const query = { screen, scope: {}, filter: '', order: screen.order, ...more };
  return { query, window: emptyWindow, open: undefined };
}

export function initialState(who: Who, screen: Screen, readOnly: boolean, size: Size): State {
  return {
    who,
    readOnly,
    size,
    connection: { kind: 'connecting' },
    views: [viewOn(screen)],
    prompt: undefined,
    dialog: undefined,
    note: '',
    isLeaving: false,
  };
}
