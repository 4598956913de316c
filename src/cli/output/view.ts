/** A noun as the command line has it: how its things look, are listed and watched. */
import type { Command } from 'commander';
import type { Client } from '../../client/connect/connect.ts';
import type { Page } from '../../client/pages.ts';
import type { Members } from '../../terminal/json.ts';
import type { Output, Value } from '../../terminal/output.ts';
import type { Column } from '../../terminal/table.ts';

/** What a watch sends, the same for every noun. */
export type Change<Item> =
  | { readonly kind: 'there'; readonly item: Item }
  | { readonly kind: 'gone'; readonly id: string }
  /** Everything that there was has been sent. */
  | { readonly kind: 'complete' };

/** How the things of a noun look. */
export interface View<Item> {
  /** Names one of them in JSON. */
  readonly noun: string;
  /** Names many. */
  readonly nouns: string;
  readonly columns: readonly Column[];
  readonly id: (item: Item) => string;
  readonly row: (out: Output, item: Item) => Value[];
  readonly json: Members<Item>;
}

/** What can be asked about them; the options are the list's own. */
export interface Listing<Item, Options extends object> extends View<Item> {
  readonly addOptions: (command: Command) => Command;
  readonly page: (
    client: Client,
    options: Options,
    ask: { readonly pageSize: number; readonly pageToken: string },
  ) => Promise<Page<Item>>;
  readonly changes: (
    client: Client,
    options: Options,
    ask: { readonly changesOnly: boolean; readonly signal?: AbortSignal },
  ) => AsyncIterable<Change<Item>>;
}
