/** A watch on the screen: what there is as a table, then each change as a line. */

import type { Column } from '../terminal/table.ts';
import type { Output, Value } from './output.ts';
import type { Run } from './run.ts';

/** What a watch sends, the same for every noun. */
export type Change<Item> =
  | { readonly kind: 'there'; readonly item: Item }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'complete' };

/** How a noun looks. `noun` names the item in JSON events. */
export interface View<Item> {
  readonly noun: string;
  readonly columns: readonly Column[];
  readonly row: (out: Output, item: Item) => Value[];
  readonly json: (item: Item) => object;
}

/**
 * Shows changes until the watch ends, which it does only by failing. As JSON every change is one line:
 * {"event": "there", NOUN: {…}}, {"event": "gone", "id": …}, and {"event": "complete"} once after the snapshot.
 */
export async function showWatch<Item>(
  run: Run,
  changes: AsyncIterable<Change<Item>>,
  view: View<Item>,
): Promise<undefined> {
  const snapshot: Value[][] = [];
  let complete = false;
  for await (const change of changes) {
    if (run.out.json) run.out.event(asEvent(change, view));
    else if (change.kind === 'complete') {
      complete = true;
      run.out.table(view.columns, snapshot.splice(0));
    } else if (change.kind === 'there' && !complete) snapshot.push(view.row(run.out, change.item));
    else showChange(run, change, view);
  }
}

function asEvent<Item>(change: Change<Item>, view: View<Item>): object {
  if (change.kind === 'there') return { event: 'there', [view.noun]: view.json(change.item) };
  return change.kind === 'gone' ? { event: 'gone', id: change.id } : { event: 'complete' };
}

function showChange<Item>(run: Run, change: Change<Item>, view: View<Item>): void {
  const clock = new Date(run.io.now()).toTimeString().slice(0, 8);
  if (change.kind === 'gone') run.out.line(`${clock}  gone   ${change.id}`);
  if (change.kind !== 'there') return;
  const cells = view.row(run.out, change.item).map((cell) => (typeof cell === 'string' ? cell : cell.text));
  run.out.line(`${clock}  there  ${cells.filter((cell) => cell !== '').join('  ')}`);
}
