/**
 * A screen as data. A list has columns, functions that fetch a page and watch for changes, and actions on its
 * rows. A board has a function that watches snapshots and draws each. A new screen is one file in screens/,
 * named in screens/all.ts.
 */
import type { Client } from '../src/client/connect/connect.ts';
import type { Page } from '../src/client/pages.ts';
import type { CallerIdentity } from '../src/client/watch/reconnecting-client.ts';
import type { Receipt } from '../src/generated/latchkey/v1/token.ts';
import type { Column as NounColumn, Selection } from '../src/nouns/noun.ts';
import type { Cell, Value } from '../src/terminal/table.ts';
import type { Appearance } from './view/theme.ts';

export type Column = Omit<NounColumn<never>, 'value'>;

/** Selects the rows besides the filter; when empty, all that the caller may see and that are there now. */
export type Scope = Pick<Selection, 'login' | 'linuxUser' | 'everyone'>;

export interface Order {
  readonly by: string;
  readonly descending: boolean;
}

/** The query of a list. Its object identity tells its answers from those of an earlier query. */
export interface Query {
  readonly screen: List;
  readonly scope: Scope;
  readonly filter: string;
  /** Undefined when the server offers no order. */
  readonly order: Order | undefined;
}

/** The rows of another screen that a field refers to. */
export interface Reference {
  /** Name of the screen. */
  readonly screen: string;
  readonly scope: Scope;
  readonly filter?: string;
}

export interface Field {
  readonly name: string;
  readonly value: Value;
  readonly reference?: Reference;
}

export interface Row {
  readonly id: string;
  /** "token 01a2… of alice" */
  readonly title: string;
  /** Login that owns it; undefined for rows that belong to a Linux user only. */
  readonly login?: string;
  /** Id of the token that ends with it; undefined for rows without a token of their own. */
  readonly jti?: string;
  /** Verbs of the actions possible in its present state; all of its screen when undefined. */
  readonly can?: readonly string[];
  /**
   * True when ending it ends the dashboard's own connection: it is ended last. When undefined, a row with the
   * caller's token counts as such, and every row of the caller's login without a token of its own.
   */
  readonly endsOwnConnection?: boolean;
  /** One cell per column. */
  readonly cells: readonly Value[];
  readonly fields: readonly Field[];
}

/** The part of a row that an action on it needs. */
export type Target = Pick<Row, 'id' | 'title' | 'login' | 'jti' | 'can' | 'endsOwnConnection'>;

/** True for callers who see and end what belongs to others. */
export function isManager({ role }: CallerIdentity): boolean {
  return role === 'manager' || role === 'admin';
}

/** True when ending `target` ends the connection of the caller. */
export function endsOwn({ endsOwnConnection, login, jti }: Target, who: CallerIdentity): boolean {
  return endsOwnConnection ?? (jti === undefined ? login === who.login : jti === who.jti);
}

export interface PageRequest {
  readonly query: Query;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly signal: AbortSignal;
}

/** A change from a watch: a row that is new or has changed, one that is gone, or an unspecified change. */
export type Change =
  | { readonly kind: 'there'; readonly row: Row }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'other' }
  /** From now on every change is sent. */
  | { readonly kind: 'complete' };

/** Response of a call that ends something. The server always sets the receipt. */
export interface EndResponse {
  readonly receipt?: Receipt | undefined;
}

interface ActionKey {
  readonly key: string;
  /** "revoke" */
  readonly verb: string;
  /** Returns true for callers who have the action; everyone has it when undefined. */
  readonly isFor?: (who: CallerIdentity) => boolean;
}

/** An action that ends rows, after a question. */
export interface EndAction extends ActionKey {
  readonly kind: 'end';
  /** Sentence that says what ends with a row. */
  readonly consequence: string;
  /** True when more may end than the rows show: the question then says what. */
  readonly endsMore?: true;
  /**
   * Number of sessions that keep running, and that end, too, when the question is answered with the key for
   * that; undefined for an action that has no such choice.
   */
  readonly keptSessions?: (preview: Receipt, targets: readonly Target[]) => number;
  /** Most rows that one call accepts. */
  readonly maxPerCall: number;
  /** Ends them, or with `validateOnly` says what would end. */
  readonly act: (client: Client, ids: readonly string[], how: EndOptions) => Promise<EndResponse>;
}

/** Options of a call to end something. */
export interface EndOptions {
  readonly validateOnly: boolean;
  /** End the sessions that would keep running, too. */
  readonly endSessions?: boolean;
  readonly signal?: AbortSignal;
}

/** A value that is chosen or typed. */
export interface Question {
  /** "signal" */
  readonly what: string;
  /** Values to choose from; empty when one is only typed. */
  readonly choices: readonly { readonly name: string; readonly help: string }[];
  /** Says what to type, where there is nothing to choose from. */
  readonly hint?: string;
  /** Longest typed text, in characters. */
  readonly longest: number;
  /** True when nothing has to be typed. */
  readonly isOptional?: true;
  /** Returns the value that a typed text means. */
  readonly toValue: (text: string) => string;
}

/** An action that sends each row a value, such as a signal. */
export interface SendAction extends ActionKey {
  readonly kind: 'send';
  readonly asks: Question;
  readonly act: (client: Client, id: string, choice: string) => Promise<unknown>;
}

/** An action that changes rows, which continue, after a question; a value may be asked for before that. */
export interface ChangeAction extends ActionKey {
  readonly kind: 'change';
  /** Returns what this caller is asked for; undefined for nothing. */
  readonly asks?: (who: CallerIdentity) => Question | undefined;
  /** Says what the change means. */
  readonly consequence: (value: string) => string;
  /** Says what all calls together would do, as far as that is not in `consequence`. */
  readonly would?: (sum: Changed) => string;
  /** Says what all calls together have done. */
  readonly did: (sum: Changed, value: string) => string;
  /** Changes a row, or with `validateOnly` says what would change. */
  readonly act: (client: Client, id: string, how: ChangeOptions) => Promise<Pick<Changed, 'disconnected'>>;
}

/** The outcome of a change. */
export interface Changed {
  readonly rows: number;
  /** Number of clients that were disconnected. */
  readonly disconnected: number;
}

/** Options of a call to change something. */
export interface ChangeOptions {
  /** The value that was asked for; '' for none. */
  readonly value: string;
  readonly validateOnly: boolean;
  readonly signal?: AbortSignal;
}

/** An action that shows the output of one row of the caller's, and changes nothing. */
export interface ShowAction extends ActionKey {
  readonly kind: 'show';
  /** True to show only new output. */
  readonly fromNow: boolean;
  /** Reads the output from a byte on, -1 for only new output, until it ends. */
  readonly read: (client: Client, id: string, how: ReadOptions) => AsyncIterable<OutputEvent>;
}

export interface ReadOptions {
  readonly offset: number;
  readonly signal: AbortSignal;
}

/** A piece of output, or its end. The first event says that the server answers: a program may be silent. */
export type OutputEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'printed'; readonly offset: number; readonly data: Uint8Array }
  | { readonly kind: 'ended'; readonly how: Cell };

export type Action = EndAction | SendAction | ChangeAction | ShowAction;

export type Screen = List | Board;

interface Named {
  readonly name: string;
  /** Returns true for callers who have the screen; everyone has it when undefined. */
  readonly isFor?: (who: CallerIdentity) => boolean;
}

/** The size of a picture, and its style. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  readonly appearance: Appearance;
}

/** Draws a snapshot, no wider than the frame, with the most important lines first. */
export type Picture = (frame: Frame) => readonly string[];

export interface Board extends Named {
  readonly kind: 'board';
  readonly watch: (client: Client, signal: AbortSignal) => AsyncIterable<Picture>;
}

export interface List extends Named {
  readonly kind: 'list';
  /** Plural name of its rows. */
  readonly rows: string;
  readonly columns: readonly Column[];
  readonly order: Order | undefined;
  /** Fields that `/` searches, for the prompt. */
  readonly searchedFields: string;
  readonly page: (client: Client, ask: PageRequest) => Promise<Page<Row>>;
  readonly watch: (client: Client, query: Query, signal: AbortSignal) => AsyncIterable<Change>;
  /** Interval between lists for figures that no change reports, in milliseconds; undefined without any. */
  readonly listAgainMs?: number | undefined;
  readonly actions: readonly Action[];
  /** True when it can also list what is not there any more, for managers. */
  readonly hasEveryone?: true;
}

/** Returns the order in the server's notation; '' for its default. */
export function orderBy({ order }: Query): string {
  if (order === undefined) return '';
  return order.descending ? `${order.by} desc` : order.by;
}
