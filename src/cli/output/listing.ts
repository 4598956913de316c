/**
 * Prints items of a noun as a table or a list of fields, or as one JSON object: {NOUNS: […], "total": n},
 * {NOUN: {…}}.
 */
import type { Listed } from '../../client/pages.ts';
import type { ListedNoun, Printed } from '../../nouns/noun.ts';
import { asJson, integer, type Members, object, objects } from '../../terminal/json.ts';
import type { Value } from '../../terminal/table.ts';
import type { Run } from '../run.ts';

/** Members of {NOUNS: […], total}. */
export function listMembers<Item>({ one, many, members }: Printed<Item>): Members<Listed<Item>> {
  return {
    [many]: objects(one, members, 'the listed items', ({ items }) => items),
    total: integer('number of items that match', ({ total }) => total),
  };
}

/** Members of {NOUN: {…}}. */
export function itemMembers<Item>({ one, members }: Printed<Item>): Members<Item> {
  return { [one]: object(one, members, (item) => item) };
}

/** Prints a list, with --quiet only the ids; says on standard error when it is incomplete. */
export function showList<Item>(run: Run, listed: Listed<Item>, noun: ListedNoun<Item>): undefined {
  const { out } = run;
  const { many, columns } = noun;
  if (out.json) {
    out.document(asJson(listMembers(noun), listed));
    return;
  }
  if (out.quiet) {
    for (const item of listed.items) out.line(noun.id(item));
    return;
  }
  if (listed.items.length === 0) {
    out.note(`no ${many}`);
    return;
  }
  out.table(
    columns,
    listed.items.map((item) => cellsOf(noun, item)),
  );
  if (listed.total > listed.items.length) {
    out.note(`${listed.items.length} of ${listed.total} ${many}; --all shows all`);
  }
}

/** Prints everything known about one item. */
export function showItem<Item>({ out }: Run, item: Item, noun: ListedNoun<Item>): undefined {
  if (out.json) out.document(asJson(itemMembers(noun), item));
  else out.fields(fieldsOf(noun, item));
}

/** Returns an item as a row of its noun's table. */
export function cellsOf<Item>({ columns }: ListedNoun<Item>, item: Item): Value[] {
  return columns.map(({ value }) => value(item));
}

/** Returns the names and values of an item's fields. */
export function fieldsOf<Item>(noun: ListedNoun<Item>, item: Item): [name: string, value: Value][] {
  return noun
    .fields(item)
    .flatMap(({ name, value, isReferenceOnly }) => (isReferenceOnly ? [] : [[name, value]]));
}
