/** Prints a watch as lines: the snapshot as a table, then each change; or as JSON, one object per line. */
import { resilientWatch } from '../../client/watch/resilient-watch.ts';
import type { Change, Printed, PrintedNoun, Selection } from '../../nouns/noun.ts';
import { asJson, string } from '../../terminal/json.ts';
import type { Value } from '../../terminal/table.ts';
import { cellsOf, itemMembers } from '../output/listing.ts';
import { type Run, WAITING } from '../run.ts';
import { noteOutage } from './outage-notes.ts';
import { WatchDiff } from './watch-diff.ts';

/**
 * Prints changes until the watch fails; continues by itself after an outage. As JSON each change is a line:
 * {"event": "there", NOUN: {…}}, {"event": "gone", "id": …}, and {"event": "complete"} when the snapshot has
 * been printed, after an outage too.
 */
export async function showWatch<Item>(
  run: Run,
  { noun, selection }: { readonly noun: PrintedNoun<Item>; readonly selection: Selection },
): Promise<undefined> {
  await using server = await run.out.whileWaiting(WAITING, run.reconnectingClient());
  const diff = new WatchDiff(noun);
  const lines = new WatchLines(run, noun);
  const begin = (): AsyncIterable<Change<Item>> => {
    diff.begin();
    return noun.watch(server.client, selection, { changesOnly: false });
  };
  const onProgress = noteOutage.bind(undefined, run, 'watching again');
  for await (const change of resilientWatch(server, begin, { onProgress }))
    for (const difference of diff.take(change)) lines.show(difference);
}

/** Prints the lines of a watch. */
export class WatchLines<Item> {
  readonly #run: Run;
  readonly #noun: PrintedNoun<Item>;
  /** Rows of the first table, until the snapshot is complete. */
  #table: Value[][] | undefined = [];

  constructor(run: Run, noun: PrintedNoun<Item>) {
    this.#run = run;
    this.#noun = noun;
  }

  show(change: Change<Item>): void {
    const { out } = this.#run;
    if (out.json) out.event(asEvent(change, this.#noun));
    else if (change.kind === 'complete') this.#printTable();
    else if (change.kind === 'there' && this.#table !== undefined)
      this.#table.push(cellsOf(this.#noun, change.item));
    else out.line(`${this.#clock()}  ${this.#text(change)}`);
  }

  #printTable(): void {
    if (this.#table === undefined) return;
    this.#run.out.table(this.#noun.columns, this.#table);
    this.#table = undefined;
  }

  #text(change: Exclude<Change<Item>, { kind: 'complete' }>): string {
    if (change.kind === 'gone') return `gone   ${change.id}`;
    const texts = cellsOf(this.#noun, change.item).map((value) => this.#run.out.cell(value).text);
    return `there  ${texts.filter((text) => text !== '').join('  ')}`;
  }

  #clock(): string {
    return new Date(this.#run.io.now()).toTimeString().slice(0, 8);
  }
}

/** Returns the members of each event besides `event`, by its name. */
export function eventMembers<Item>(noun: Printed<Item>) {
  return {
    there: itemMembers(noun),
    gone: { id: string('id', (id: string) => id) },
    complete: {},
  };
}

function asEvent<Item>(change: Change<Item>, noun: Printed<Item>): object {
  const { there, gone } = eventMembers(noun);
  const { kind: event } = change;
  if (event === 'there') return { event, ...asJson(there, change.item) };
  return event === 'gone' ? { event, ...asJson(gone, change.id) } : { event };
}
