/**
 * A noun of the API, described once for everything that shows it: lists, `show` and --json of the command
 * line, latchkey-json(5), completion and the dashboard. A description lists and watches items and names what
 * to show of them; it never prints, draws or changes anything.
 */
import type { Client } from '../client/connect/connect.ts';
import type { Page } from '../client/pages.ts';
import type { SessionState } from '../generated/latchkey/v1/session.ts';
import type { Members } from '../terminal/json.ts';
import type { Column as TableColumn, Value } from '../terminal/table.ts';

/**
 * A selection of items; everything that the caller may see when it is empty. A noun ignores members that do
 * not apply to it.
 */
export interface Selection {
  readonly login?: string | undefined;
  readonly linuxUser?: string | undefined;
  /** Method by which a token was obtained: "link", "web-ssh". */
  readonly method?: string | undefined;
  readonly state?: SessionState | undefined;
  /** Text that one of the fields named by `searchedFields` must contain. */
  readonly text?: string | undefined;
}

export interface Column<Item> extends TableColumn {
  /** The server's name of the order by this column, if it can sort by it. */
  readonly order?: string;
  readonly value: (item: Item) => Value;
}

/** A name and value in the full view of an item. */
export interface Field {
  readonly name: string;
  readonly value: Value;
  readonly reference?: Reference;
  /** True for a field that only exists for its lead and adds nothing else. */
  readonly isReferenceOnly?: true;
}

/** The items of another noun that a field refers to. */
export interface Reference extends Pick<Selection, 'login' | 'linuxUser' | 'text'> {
  readonly to: 'logins' | 'tokens' | 'links' | 'sessions';
}

export type Change<Item> =
  | { readonly kind: 'there'; readonly item: Item }
  | { readonly kind: 'gone'; readonly id: string }
  /** The snapshot is complete. */
  | { readonly kind: 'complete' };

/** Some item may look different now; which one is not said. */
export interface VagueChange {
  readonly kind: 'other';
}

export interface ListRequest {
  /** Order by a column, with ' desc' appended for descending; '' for the server's default. */
  readonly orderBy?: string | undefined;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchRequest {
  /** True to omit the snapshot. */
  readonly changesOnly: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Noun<Item> {
  /** Singular name: "token". */
  readonly one: string;
  /** Plural name: "tokens". */
  readonly many: string;
  readonly id: (item: Item) => string;
  /** Returns a short description that tells ids apart in a shell's completion. */
  readonly about: (item: Item) => string;
  readonly columns: readonly Column<Item>[];
  /** Orders that the server has besides those of the columns. */
  readonly otherOrders?: readonly string[];
  readonly fields: (item: Item) => readonly Field[];
  /** Fields that a selection's text is searched in: "login, host or id". */
  readonly searchedFields: string;
  readonly list: (client: Client, selection: Selection, request: ListRequest) => Promise<Page<Item>>;
  readonly watch: (
    client: Client,
    selection: Selection,
    request: WatchRequest,
  ) => AsyncIterable<Change<Item> | VagueChange>;
}

/** A noun with a command on the command line, and with JSON. */
export interface PrintedNoun<Item> extends Noun<Item> {
  readonly members: Members<Item>;
  readonly watch: (
    client: Client,
    selection: Selection,
    request: WatchRequest,
  ) => AsyncIterable<Change<Item>>;
}

/** The part of a noun that --json needs. */
export type Printed<Item> = Pick<PrintedNoun<Item>, 'one' | 'many' | 'members'>;

/** Returns every order by which the server can sort `noun`. */
export function ordersOf({
  columns,
  otherOrders = [],
}: Pick<Noun<never>, 'columns' | 'otherOrders'>): string[] {
  return [...columns.flatMap(({ order }) => order ?? []), ...otherOrders];
}

/**
 * Returns the columns for a table that is redrawn in place: its ids may be cut, since nobody copies them
 * there.
 */
export function drawnColumns<Item>({ columns }: Noun<Item>): Column<Item>[] {
  return columns.map((column, at) => (at === 0 ? { ...column, shrinks: true } : column));
}

interface Event {
  readonly $case: string;
  readonly value: unknown;
}

/** Converts the events of a watch; `there` events have an item, `gone` events an id. */
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
