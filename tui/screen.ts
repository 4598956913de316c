/**
 * A screen as data. A list: what its columns are, how a page of it is asked for and watched, what can be
 * done to its rows and where they lead. Or a board: how it is watched, and a picture of what came. A new
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

/** Whose rows: everybody's that the caller may see, unless it says. */
export type Scope = Pick<Selection, 'login' | 'linuxUser'>;

export interface Order {
  readonly by: string;
  readonly descending: boolean;
}

/** What is looked at. Its identity tells an answer to it from an answer to the one before. */
export interface Query {
  readonly screen: List;
  readonly scope: Scope;
  readonly filter: string;
  /** Undefined where the server offers no order. */
  readonly order: Order | undefined;
}

/** Where a field leads. */
export interface Lead {
  /** A screen's name. */
  readonly screen: string;
  readonly scope: Scope;
  readonly filter?: string;
}

export interface Field {
  readonly name: string;
  readonly value: Value;
  readonly lead?: Lead;
}

export interface Row {
  readonly id: string;
  /** "token 01a2… of alice" */
  readonly title: string;
  /** Whose it is; undefined for what is a Linux user's and no login's. */
  readonly login?: string;
  /** The verbs that make sense for it as it is now; all of its screen's when undefined. */
  readonly can?: readonly string[];
  /**
   * Whether the caller talks to the server by it: it ends last of all. Where nobody says, what is the
   * caller's may be.
   */
  readonly isOwnWayIn?: boolean;
  /** One for each column. */
  readonly cells: readonly Value[];
  readonly fields: readonly Field[];
}

/** What is kept of a row that something is to be done to. */
export type Target = Pick<Row, 'id' | 'title' | 'login' | 'can' | 'isOwnWayIn'>;

export interface PageAsk {
  readonly query: Query;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly signal: AbortSignal;
}

/** What a watch sends: a row that is there or new, one that is gone, or that something else is different. */
export type Change =
  | { readonly kind: 'there'; readonly row: Row }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'other' }
  /** Every change from now on will be sent. */
  | { readonly kind: 'complete' };

/** A server that has ended something never leaves out the receipt. */
export interface Answer {
  readonly receipt?: Receipt | undefined;
}

interface Offer {
  readonly key: string;
  /** "revoke" */
  readonly verb: string;
}

/** Ends rows, after a question. */
export interface Ending extends Offer {
  readonly kind: 'end';
  /** What ends with a row, in a sentence. */
  readonly consequence: string;
  /** True when more may end than the rows show: the question then says what. */
  readonly endsMore?: true;
  /** How many one call takes. */
  readonly atOnce: number;
  /** Ends them, or with `validateOnly` says what would end. */
  readonly act: (client: Client, ids: readonly string[], how: HowToEnd) => Promise<Answer>;
}

/** Options of a call to end something. */
export interface HowToEnd {
  readonly validateOnly: boolean;
  readonly signal?: AbortSignal;
}

/** Sends rows what is chosen, or typed. */
export interface Sending extends Offer {
  readonly kind: 'send';
  /** "signal" */
  readonly what: string;
  readonly choices: readonly { readonly name: string; readonly help: string }[];
  readonly act: (client: Client, id: string, choice: string) => Promise<unknown>;
}

/** Hands the terminal to another command of this program, for one row that is the caller's own. */
export interface Showing extends Offer {
  readonly kind: 'show';
  readonly words: (id: string) => readonly string[];
  /** For the person who comes there. */
  readonly hint: string;
  readonly changesNothing: boolean;
}

export type Action = Ending | Sending | Showing;

export type Screen = List | Board;

interface Named {
  readonly name: string;
  /** Whether it is offered to them; to everybody where nothing is said. */
  readonly isFor?: (who: CallerIdentity) => boolean;
}

/** What a picture has to fit into, and how it is painted. */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  readonly appearance: Appearance;
}

/**
 * Lines of what there was at one time, none wider than the frame, and the first of them the most
 * important.
 */
export type Picture = (frame: Frame) => readonly string[];

export interface Board extends Named {
  readonly kind: 'board';
  /** The first picture says that the watch has begun. */
  readonly watch: (client: Client, signal: AbortSignal) => AsyncIterable<Picture>;
}

export interface List extends Named {
  readonly kind: 'list';
  /** What its rows are called, many of them. */
  readonly rows: string;
  readonly columns: readonly Column[];
  readonly order: Order | undefined;
  /** What `/` compares, for the prompt. */
  readonly filters: string;
  readonly page: (client: Client, ask: PageAsk) => Promise<Page<Row>>;
  readonly watch: (client: Client, query: Query, signal: AbortSignal) => AsyncIterable<Change>;
  readonly actions: readonly Action[];
}

/** The order as the server takes it; '' for its own. */
export function orderBy({ order }: Query): string {
  if (order === undefined) return '';
  return order.descending ? `${order.by} desc` : order.by;
}
