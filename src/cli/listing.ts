/** A list on the screen, or as one JSON object: {NOUNS: […], "total": n}. */
import type { Listed } from './paging.ts';
import type { Run } from './run.ts';
import type { View } from './watch.ts';

/** Prints what was listed; says on standard error when that is not all. */
export function showList<Item>(run: Run, nouns: string, listed: Listed<Item>, view: View<Item>): undefined {
  const { out } = run;
  if (out.json) {
    out.document({ [nouns]: listed.items.map(view.json), total: listed.total });
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
