/** Makes the screen of a noun, which defines what to show; the screen adds the actions. */
import {
  columnsInPlace,
  type Noun,
  type Reference as NounReference,
  type Selection,
} from '../../src/nouns/noun.ts';
import {
  type Action,
  type List,
  type Order,
  orderBy,
  type Query,
  type Reference,
  type Row,
  type Target,
} from '../screen.ts';

interface ScreenOptions<Item> {
  /** Initial order. */
  readonly order: Order;
  /** Returns the part of an item that an action on it needs. */
  readonly target: (item: Item) => Omit<Target, 'id'>;
  readonly actions: readonly Action[];
  readonly listAgainMs?: number;
  readonly hasEveryone?: true;
}

export function listScreen<Item>(noun: Noun<Item>, { order, target, ...options }: ScreenOptions<Item>): List {
  const rowOf = (item: Item): Row => ({
    ...target(item),
    id: noun.id(item),
    cells: noun.columns.map(({ value }) => value(item)),
    fields: noun
      .fields(item)
      .map(({ reference, ...field }) =>
        reference ? { ...field, reference: referenceOf(reference) } : field,
      ),
  });
  return {
    kind: 'list',
    name: screenNameOf(noun.many),
    rows: noun.many,
    columns: columnsInPlace(noun),
    order,
    searchedFields: noun.searchedFields,
    ...options,
    page: async (client, { query, ...request }) => {
      const page = await noun.list(client, selectionOf(query), { ...request, orderBy: orderBy(query) });
      return { ...page, items: page.items.map(rowOf) };
    },
    async *watch(client, query, signal) {
      for await (const change of noun.watch(client, selectionOf(query), { changesOnly: true, signal }))
        yield change.kind === 'there' ? { kind: 'there', row: rowOf(change.item) } : change;
    },
  };
}

function selectionOf({ scope, filter }: Query): Selection {
  return { ...scope, text: filter };
}

function referenceOf({ to, text, ...scope }: NounReference): Reference {
  return { screen: screenNameOf(to), scope, ...(text !== undefined && { filter: text }) };
}

/** "Tokens" */
function screenNameOf(nouns: string): string {
  return nouns.charAt(0).toUpperCase() + nouns.slice(1);
}
