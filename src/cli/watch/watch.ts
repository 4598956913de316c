/** A watch as lines: what there is as a table, then each change; or as JSON, one object a line. */
import { resilientWatch } from '../../client/watch/resilient-watch.ts';
import { asJson, object, string } from '../../terminal/json.ts';
import type { Value } from '../../terminal/output.ts';
import type { Change, Listing, View } from '../output/view.ts';
import { ASKING, type Run } from '../run.ts';
import { noteOutage } from './outage-notes.ts';
import { WatchDiff } from './watch-diff.ts';

/**
 * Shows changes until the watch ends, which it does only by failing; goes on by itself when the server was away. As JSON
 * every change is one line: {"event": "there", NOUN: {…}}, {"event": "gone", "id": …}, and {"event": "complete"} once
 * everything that there is has been told, also after a time without the server.
 */
export async function showWatch<Item, Options extends object>(
  run: Run,
  options: Options,
  listing: Listing<Item, Options>,
): Promise<undefined> {
  await using server = await run.out.whileWaiting(ASKING, run.lastingClient());
  const known = new WatchDiff(listing);
  const lines = new WatchLines(run, listing);
  const begin = (): AsyncIterable<Change<Item>> => {
    known.begin();
    return listing.changes(server.client, options, { changesOnly: false });
  };
  const onProgress = noteOutage.bind(undefined, run, 'watching again');
  for await (const change of resilientWatch(server, begin, { onProgress }))
    for (const news of known.take(change)) lines.show(news);
}

/** What is printed of a watch. */
export class WatchLines<Item> {
  readonly #run: Run;
  readonly #view: View<Item>;
  /** Rows of the table that is printed once all of them are there. */
  #table: Value[][] | undefined = [];

  constructor(run: Run, view: View<Item>) {
    this.#run = run;
    this.#view = view;
  }

  show(change: Change<Item>): void {
    const { out } = this.#run;
    if (out.json) out.event(asEvent(change, this.#view));
    else if (change.kind === 'complete') this.#printTable();
    else if (change.kind === 'there' && this.#table !== undefined)
      this.#table.push(this.#view.row(out, change.item));
    else out.line(`${this.#clock()}  ${this.#told(change)}`);
  }

  #printTable(): void {
    if (this.#table === undefined) return;
    this.#run.out.table(this.#view.columns, this.#table);
    this.#table = undefined;
  }

  #told(change: Exclude<Change<Item>, { kind: 'complete' }>): string {
    if (change.kind === 'gone') return `gone   ${change.id}`;
    const cells = this.#view.row(this.#run.out, change.item);
    const texts = cells.map((cell) => (typeof cell === 'string' ? cell : cell.text));
    return `there  ${texts.filter((text) => text !== '').join('  ')}`;
  }

  #clock(): string {
    return new Date(this.#run.io.now()).toTimeString().slice(0, 8);
  }
}

/** What each event has beside `event`, which is its name here. */
export function eventMembers<Item>({ noun, json }: View<Item>) {
  return {
    there: { [noun]: object(noun, json, (item: Item) => item) },
    gone: { id: string('its id', (id: string) => id) },
    complete: {},
  };
}

function asEvent<Item>(change: Change<Item>, view: View<Item>): object {
  const { there, gone } = eventMembers(view);
  const { kind: event } = change;
  if (event === 'there') return { event, ...asJson(there, change.item) };
  return event === 'gone' ? { event, ...asJson(gone, change.id) } : { event };
}
