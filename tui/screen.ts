/**
 * A screen as data. A list: what its columns are, how a page of it is asked for and watched, what can be
 * done to its rows and what they refer to. Or a board: how it is watched, and a picture of what came. A new
 * screen is one file in screens/, named in screens/all.ts.
 */
import type { Client } from '../src/client/connect/connect.ts';
import type { Page } from '../src/client/pages.ts';
import type { CallerIdentity } from '../src/client/watch/reconnecting-client.ts';
import type { Receipt } from '../src/generated/latchkey/v1/token.ts';
import type { Column as NounColumn, Selection } from '../src/nouns/noun.ts';
import type { Value } from '../src/terminal/table.ts';
import type { Appearance } from './view/theme.ts';

export type Column = Omit<NounColumn<never>, 'value'>;

/** Selects whose rows are shown; everything that the caller may see when empty. */
export type Scope = Pick<Selection, 'login' | 'linuxUser'>;

export interface Order {
  readonly by: string;
  readonly descending: boolean;
}

/** The query of a list. Its identity tells its answers from those of an earlier query. */
export interface Query {
  readonly screen: List;
  readonly scope: Scope;
  readonly filter: string;
  /** Undefined when the server offers no order. */
  readonly order: Order | undefined;
}

/** The place that a field leads to. */
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
  /** Actions possible in its present state; all actions of its screen when undefined. */
  readonly can?: readonly string[];
  /**
   * True when the caller's own connection depends on it: it ends last. When undefined, any row of the
   * caller's may be.
   */
  readonly endsOwnConnection?: boolean;
  /** One cell per column. */
  readonly cells: readonly Value[];
  readonly fields: readonly Field[];
}

/** The part of a row that an action on it needs. */
export type Target = Pick<Row, 'id' | 'title' | 'login' | 'can' | 'endsOwnConnection'>;

export interface PageRequest {
  readonly query: Query;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly signal: AbortSignal;
}

/** A change from a watch: a row that is present or new, one that is gone, or something else that differs. */
export type Change =
  | { readonly kind: 'there'; readonly row: Row }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'other' }
  /** From now on every change is sent. */
  | { readonly kind: 'complete' };

/** Answer of a call that ends something; a server that has ended something always sends the receipt. */
export interface Answer {
  readonly receipt?: Receipt | undefined;
}

interface Offer {
  readonly key: string;
  /** "revoke" */
  readonly verb: string;
}

/** An action that ends rows, after a question. */
export interface EndAction extends Offer {
  readonly kind: 'end';
  /** Sentence that says what ends with a row. */
  readonly consequence: string;
  /** True when more may end than the rows show: the question then says what. */
  readonly endsMore?: true;
  /** Most rows that one call accepts. */
  readonly maxPerCall: number;
  /** Ends them, or with `validateOnly` says what would end. */
  readonly act: (client: Client, ids: readonly string[], how: EndOptions) => Promise<Answer>;
}

/** Options of a call to end something. */
export interface EndOptions {
  readonly validateOnly: boolean;
  readonly signal?: AbortSignal;
}

/** An action that sends rows something chosen or typed. */
export interface SendAction extends Offer {
  readonly kind: 'send';
  /** "signal" */
  readonly what: string;
  readonly choices: readonly { readonly name: string; readonly help: string }[];
  readonly act: (client: Client, id: string, choice: string) => Promise<unknown>;
}

/** An action that hands the terminal to another command of this program, for one row of the caller's. */
export interface ShowAction extends Offer {
  readonly kind: 'show';
  readonly words: (id: string) => readonly string[];
  /** Line shown before the command's own output. */
  readonly heading?: string;
  readonly changesNothing: boolean;
}

export type Action = EndAction | SendAction | ShowAction;

export type Screen = List | Board;

interface Named {
  readonly name: string;
  /** Returns true for callers who get the screen; it is for everyone when undefined. */
  readonly isFor?: (who: CallerIdentity) => boolean;
}

/** The space for a picture, and its style. */
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
  /** The first picture means that the watch has begun. */
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
  readonly actions: readonly Action[];
}

/** Returns the order in the server's notation; '' for its default. */
export function orderBy({ order }: Query): string {
  if (order === undefined) return '';
  return order.descending ? `${order.by} desc` : order.by;
}
