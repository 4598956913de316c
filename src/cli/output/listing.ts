/** Items of a noun on the screen, or as one JSON object: {NOUNS: […], "total": n}, {NOUN: {…}}. */
import type { Listed } from '../../client/pages.ts';
import type { Printed, PrintedNoun } from '../../nouns/noun.ts';
import { asJson, integer, type Members, object, objects } from '../../terminal/json.ts';
import type { Value } from '../../terminal/table.ts';
import type { Run } from '../run.ts';

/** {NOUNS: […], total}. */
export function listMembers<Item>({ one, many, members }: Printed<Item>): Members<Listed<Item>> {
  return {
    [many]: objects(one, members, 'those that were asked for', ({ items }) => items),
    total: integer('how many there are in all', ({ total }) => total),
  };
}

/** {NOUN: {…}}. */
export function itemMembers<Item>({ one, members }: Printed<Item>): Members<Item> {
  return { [one]: object(one, members, (item) => item) };
}

/** Prints what was listed, with --quiet the ids alone; says on standard error when that is not all. */
export function showList<Item>(run: Run, listed: Listed<Item>, noun: PrintedNoun<Item>): undefined {
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

/** Prints everything that is known about one item. */
export function showItem<Item>({ out }: Run, item: Item, noun: PrintedNoun<Item>): undefined {
  if (out.json) out.document(asJson(itemMembers(noun), item));
  else out.fields(fieldsOf(noun, item));
}

/** An item as a row of its noun's table. */
export function cellsOf<Item>({ columns }: PrintedNoun<Item>, item: Item): Value[] {
  return columns.map(({ value }) => value(item));
}

/** The names and values of an item's fields. */
export function fieldsOf<Item>(noun: PrintedNoun<Item>, item: Item): [name: string, value: Value][] {
  return noun.fields(item).flatMap(({ name, value, isOnlyLead }) => (isOnlyLead ? [] : [[name, value]]));
}
