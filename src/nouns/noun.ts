/**
 * A noun of the API, described once for everything that shows it: lists, `show` and --json of the command
 * line, latchkey-json(5), completion and the dashboard. The description defines columns, fields and JSON
 * members, and lists and watches items; it never prints, draws or changes anything.
 */
import type { Client } from '../client/connect/connect.ts';
import type { Page } from '../client/pages.ts';
import type { SessionState } from '../generated/latchkey/v1/session.ts';
import type { Members } from '../terminal/json.ts';
import type { Column as TableColumn, Value } from '../terminal/table.ts';
import type { AuthMethodName } from '../values/auth-method.ts';

/**
 * A selection of items; everything that the caller may see when it is empty. A noun ignores members that do
 * not apply to it.
 */
export interface Selection {
  readonly login?: string | undefined;
  readonly linuxUser?: string | undefined;
  /** Method by which a token was obtained. */
  readonly method?: AuthMethodName | undefined;
  readonly state?: SessionState | undefined;
  /** True for only cordoned sessions. */
  readonly cordoned?: boolean | undefined;
  /** True for logins that have no live token, too. */
  readonly everyone?: boolean | undefined;
  /** Text that one of the fields named by `searchedFields` must contain. */
  readonly text?: string | undefined;
}

export interface Column<Item> extends TableColumn {
  /** Name of the order by this column, if the server can sort by it. */
  readonly order?: string;
  readonly value: (item: Item) => Value;
}

/** A name and value in the full view of an item. */
export interface Field {
  readonly name: string;
  readonly value: Value;
  readonly reference?: Reference;
  /** True for a field that is only shown where its reference can be followed. */
  readonly isReferenceOnly?: true;
}

/** The items of another noun that a field refers to. */
export interface Reference extends Pick<Selection, 'login' | 'linuxUser' | 'everyone' | 'text'> {
  readonly to: 'logins' | 'tokens' | 'links' | 'sessions';
}

export type Change<Item> =
  | { readonly kind: 'there'; readonly item: Item }
  | { readonly kind: 'gone'; readonly id: string }
  /** The snapshot is complete. */
  | { readonly kind: 'complete' };

/** Some item may have changed; which one is unknown. */
export interface UnspecifiedChange {
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
  /** Returns a short description, shown beside the id in shell completion. */
  readonly hint: (item: Item) => string;
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
  ) => AsyncIterable<Change<Item> | UnspecifiedChange>;
}

/** A noun with a command on the command line, and with JSON. */
export interface ListedNoun<Item> extends Noun<Item> {
  readonly members: Members<Item>;
}

/** A noun of which the command line also watches each item. */
export interface PrintedNoun<Item> extends ListedNoun<Item> {
  readonly watch: (
    client: Client,
    selection: Selection,
    request: WatchRequest,
  ) => AsyncIterable<Change<Item>>;
}

/** The part of a noun that --json needs. */
export type Printed<Item> = Pick<ListedNoun<Item>, 'one' | 'many' | 'members'>;

/** Returns every order by which the server can sort `noun`. */
export function ordersOf({
  columns,
  otherOrders = [],
}: Pick<Noun<never>, 'columns' | 'otherOrders'>): string[] {
  return [...columns.flatMap(({ order }) => order ?? []), ...otherOrders];
}

/**
 * Returns the columns for a table that is redrawn in place. Its ids may be cut: they are not copied from
 * there.
 */
export function columnsInPlace<Item>({ columns }: Noun<Item>): Column<Item>[] {
  return columns.map((column, at) => (at === 0 ? { ...column, shrinks: true } : column));
}

interface WatchEvent {
  readonly $case: string;
  readonly value: unknown;
}

/** Converts the events of a watch: `there` is the case of events with an item, `gone` of those with an id. */
export async function* changesOf<Event extends WatchEvent, There extends Event['$case']>(
  events: AsyncIterable<{ readonly event?: Event | undefined }>,
  there: There,
  gone: Event['$case'],
): AsyncGenerator<Change<Extract<Event, { readonly $case: There }>['value']>> {
  for await (const { event } of events) {
    if (event === undefined) continue;
    if (isCase(event, there)) yield { kind: 'there', item: event.value };
    else if (event.$case === gone) yield { kind: 'gone', id: String(event.value) };
    else if (event.$case === 'snapshotDone') yield { kind: 'complete' };
  }
}

function isCase<Event extends WatchEvent, Case extends string>(
  event: Event,
  name: Case,
): event is Extract<Event, { readonly $case: Case }> {
  return event.$case === name;
}
