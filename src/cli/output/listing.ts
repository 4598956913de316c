/** A list on the screen, or as one JSON object: {NOUNS: […], "total": n}. */

import type { Listed } from '../../client/pages.ts';
import { asJson, integer, type Members, objects } from '../../terminal/json.ts';
import type { Run } from '../run.ts';
import type { View } from './view.ts';

/** {NOUNS: […], total}. */
export function listMembers<Item>({ noun, nouns, json }: View<Item>): Members<Listed<Item>> {
  return {
    [nouns]: objects(noun, json, 'those that were asked for', ({ items }) => items),
    total: integer('how many there are in all', ({ total }) => total),
  };
}

/** Prints what was listed, with --quiet the ids alone; says on standard error when that is not all. */
export function showList<Item>(run: Run, listed: Listed<Item>, view: View<Item>): undefined {
  const { out } = run;
  const { nouns } = view;
  if (out.json) {
    out.document(asJson(listMembers(view), listed));
    return;
  }
  if (out.quiet) {
    for (const item of listed.items) out.line(view.id(item));
    return;
  }
  if (listed.items.length === 0) {
    out.note(`no ${nouns}`);
    return;
  }
  out.table(
    view.columns,
    listed.items.map((item) => view.row(out, item)),
  );
  if (listed.total > listed.items.length) {
    out.note(`${listed.items.length} of ${listed.total} ${nouns}; --all shows all`);
  }
}
