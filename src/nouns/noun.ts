/**
 * A noun of the API, described once for everything that shows it: the lists, `show` and --json of the
 * command line, latchkey-json(5), completion and the dashboard. A description asks the server and says
 * what there is to see; it never prints, draws or changes anything.
 */
import type { Client } from '../client/connect/connect.ts';
import type { Page } from '../client/pages.ts';
import type { SessionState } from '../generated/latchkey/v1/session.ts';
import type { Members } from '../terminal/json.ts';
import type { Column as TableColumn, Value } from '../terminal/table.ts';

/**
 * A choice of items: all that the caller may see, unless it says. A noun ignores what does not concern
 * it.
 */
export interface Selection {
  readonly login?: string | undefined;
  readonly linuxUser?: string | undefined;
  /** How a token was got: "link", "web-ssh". */
  readonly method?: string | undefined;
  readonly state?: SessionState | undefined;
  /** Text that an item must have in one of the places that `compares` names. */
  readonly text?: string | undefined;
}

export interface Column<Item> extends TableColumn {
  /** The server's name for this column as an order, where it can sort by it. */
  readonly order?: string;
  readonly value: (item: Item) => Value;
}

/** A line of everything that is known about one item. */
export interface Field {
  readonly name: string;
  readonly value: Value;
  readonly lead?: Lead;
  /** Set for a field that says nothing new, and is there for the sake of its lead. */
  readonly isOnlyLead?: true;
}

/** The items of a noun that a field speaks of. */
export interface Lead extends Pick<Selection, 'login' | 'linuxUser' | 'text'> {
  readonly to: 'logins' | 'tokens' | 'links' | 'sessions';
}

export type Change<Item> =
  | { readonly kind: 'there'; readonly item: Item }
  | { readonly kind: 'gone'; readonly id: string }
  /** Everything that there was has been sent. */
  | { readonly kind: 'complete' };

/** Says only that some item may look different now. */
export interface VagueChange {
  readonly kind: 'other';
}

export interface ListRequest {
  /** An order of a column, with ' desc' behind it to turn it; '' for the server's own. */
  readonly orderBy?: string | undefined;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchRequest {
  /** Whether to leave out what is there already. */
  readonly changesOnly: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Noun<Item> {
  /** The name of one item: "token". */
  readonly one: string;
  /** The name of several: "tokens". */
  readonly many: string;
  readonly id: (item: Item) => string;
  /** A few words that tell one id from another where a shell completes it. */
  readonly about: (item: Item) => string;
  readonly columns: readonly Column<Item>[];
  /** Orders of the server beside those of the columns. */
  readonly otherOrders?: readonly string[];
  readonly fields: (item: Item) => readonly Field[];
  /** The places that a selection's text is looked for in: "login, host or id". */
  readonly compares: string;
  readonly list: (client: Client, selection: Selection, request: ListRequest) => Promise<Page<Item>>;
  readonly watch: (
    client: Client,
    selection: Selection,
    request: WatchRequest,
  ) => AsyncIterable<Change<Item> | VagueChange>;
}

/** A noun that the command line has a command for, and --json a place. */
export interface PrintedNoun<Item> extends Noun<Item> {
  readonly members: Members<Item>;
  readonly watch: (
    client: Client,
    selection: Selection,
    request: WatchRequest,
  ) => AsyncIterable<Change<Item>>;
}

/** The part of a noun that --json prints. */
export type Printed<Item> = Pick<PrintedNoun<Item>, 'one' | 'many' | 'members'>;

/** Everything that the server can sort `noun` by. */
export function ordersOf({
  columns,
  otherOrders = [],
}: Pick<Noun<never>, 'columns' | 'otherOrders'>): string[] {
  return [...columns.flatMap(({ order }) => order ?? []), ...otherOrders];
}

/** Columns for a table that is drawn in place: its ids are not copied from there, so they may be cut, too. */
export function drawnColumns<Item>({ columns }: Noun<Item>): Column<Item>[] {
  return columns.map((column, at) => (at === 0 ? { ...column, shrinks: true } : column));
}

interface Event {
  readonly $case: string;
  readonly value: unknown;
}

/** The events of a watch, of which `there` brings an item and `gone` an id. */
export async function* changesOf<Told extends Event, There extends Told['$case']>(
  events: AsyncIterable<{ readonly event?: Told | undefined }>,
  there: There,
  gone: Told['$case'],
): AsyncGenerator<Change<Extract<Told, { readonly $case: There }>['value']>> {
  for await (const { event } of events) {
    if (event === undefined) continue;
    if (isCase(event, there)) yield { kind: 'there', item: event.value };
    else if (event.$case === gone) yield { kind: 'gone', id: String(event.value) };
    else if (event.$case === 'snapshotDone') yield { kind: 'complete' };
  }
}

function isCase<Told extends Event, Case extends string>(
  event: Told,
  name: Case,
): event is Extract<Told, { readonly $case: Case }> {
  return event.$case === name;
}
