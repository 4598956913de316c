/**
 * The sending end: walks through its sources, announces each item, and sends the content of the files that
 * are wanted, in order. Items are announced ahead of the content, so that a distant receiver answers for many
 * at once.
 */
import { closeSync } from 'node:fs';
import { Condition } from '../async/condition.ts';
import type * as proto from '../generated/latchkey/copy/v1/copy.ts';
import type { Channel } from './channel.ts';
import { sendContent } from './content.ts';
import { modifiedUs } from './folder.ts';
import type { Outcome } from './outcomes.ts';
import type { Position } from './position.ts';
import { type Body, broken, MAX_UNANSWERED, WINDOW_BYTES } from './protocol.ts';
import type { Item } from './walk.ts';

type Sent = Extract<Item, { kind: 'folder' | 'link' | 'file' }>;
type File = Extract<Item, { kind: 'file' }>;

/** Callbacks of a sender. */
export interface SendEvents {
  /** Called for each item, in order, with what the receiver says has become of it. */
  told(item: Sent, outcome: Outcome): void;
  /** Called when the receiver has written bytes of a file. */
  received(bytes: number): void;
  /** Called, in the order of the walk, when something is not copied, or not as it is. */
  problem(at: Position, text: string, skipped: boolean): void;
  /** Called when the content of a file is about to be sent. */
  began(item: File): void;
}

/** Sends everything that `items` yields. Throws when the copy cannot go on. */
export async function send(channel: Channel, items: Iterable<Item>, events: SendEvents): Promise<void> {
  using sender = new Sender(channel, events);
  await Promise.all([sender.announce(items), sender.sendFiles(), sender.listen()]);
}

interface Announced {
  readonly item: File;
  readonly wanted: PromiseWithResolvers<proto.Wanted>;
  /** True when the receiver has given up on it. */
  hasFailed: boolean;
}

class Sender implements Disposable {
  readonly #channel: Channel;
  readonly #events: SendEvents;
  /** Items without an outcome, in order. */
  readonly #unanswered: Sent[] = [];
  /** Files whose content has not been sent, in order. */
  readonly #files: Announced[] = [];
  /** Files that the receiver has not said whether it wants, in order. */
  readonly #asked: Announced[] = [];
  #credit = WINDOW_BYTES;
  #isAllAnnounced = false;
  /** Notified when anything above has changed. */
  readonly #changed = new Condition();

  constructor(channel: Channel, events: SendEvents) {
    this.#channel = channel;
    this.#events = events;
  }

  async announce(items: Iterable<Item>): Promise<void> {
    for (const item of items) {
      if (item.kind === 'problem') this.#events.problem(item, item.text, item.skipped);
      else await this.#announce(item);
    }
    this.#isAllAnnounced = true;
    this.#changed.notify();
  }

  async sendFiles(): Promise<void> {
    while (true) {
      const file = this.#files[0];
      if (file === undefined && this.#isAllAnnounced) break;
      if (file === undefined) await this.#changed.wait();
      else {
        await this.#send(file);
        this.#files.shift();
        closeSync(file.item.fd);
        this.#changed.notify();
      }
    }
    await this.#channel.send({ $case: 'done', value: {} });
  }

  /** Resolves when the receiver has confirmed that everything has an outcome. */
  async listen(): Promise<void> {
    while (true) {
      const body = await this.#channel.next();
      if (body.$case === 'done') {
        if (this.#isAllAnnounced && this.#unanswered.length === 0) return;
        throw broken('it ended before the last item');
      }
      this.#take(body);
      this.#changed.notify();
    }
  }

  [Symbol.dispose](): void {
    for (const { item } of this.#files.splice(0)) closeSync(item.fd);
  }

  async #announce(item: Exclude<Item, { kind: 'problem' }>): Promise<void> {
    if (item.kind === 'source' || item.kind === 'end') return this.#channel.send(bodyOf(item));
    const announced = item.kind === 'file' && this.#announced(item);
    while (this.#unanswered.length >= MAX_UNANSWERED) await this.#changed.wait();
    this.#unanswered.push(item);
    if (announced) this.#asked.push(announced);
    await this.#channel.send(bodyOf(item));
  }

  #announced(item: File): Announced {
    const announced = { item, wanted: Promise.withResolvers<proto.Wanted>(), hasFailed: false };
    this.#files.push(announced);
    this.#changed.notify();
    return announced;
  }

  #take(body: Body): void {
    if (body.$case === 'wanted') {
      const asked = this.#asked.shift();
      if (asked === undefined) throw broken('it wanted a file that it was not offered');
      asked.wanted.resolve(body.value);
    } else if (body.$case === 'credit') {
      this.#credit = Math.min(this.#credit + body.value.bytes, WINDOW_BYTES);
      this.#events.received(body.value.bytes);
    } else if (body.$case === 'outcome') {
      const item = this.#unanswered.shift();
      if (item === undefined) throw broken('it answered for an item that it did not get');
      for (const file of this.#files) if (file.item === item) file.hasFailed = true;
      this.#events.told(item, body.value);
    } else throw broken(`it sent ${body.$case}`);
  }

  async #send(file: Announced): Promise<void> {
    const wanted = await file.wanted.promise;
    if (wanted.nothing) return;
    this.#events.began(file.item);
    const { fd, stats } = file.item;
    const problem = await sendContent(this.#channel, { fd, stats, wanted }, (bytes) =>
      this.#mayI(file, bytes),
    );
    if (problem === undefined) return;
    this.#events.problem(file.item, problem, false);
  }

  async #mayI(file: Announced, bytes: number): Promise<boolean> {
    while (this.#credit < bytes && !file.hasFailed) await this.#changed.wait();
    if (file.hasFailed) return false;
    this.#credit -= bytes;
    return true;
  }
}

function bodyOf(item: Exclude<Item, { kind: 'problem' }>): Body {
  switch (item.kind) {
    case 'source':
      return { $case: 'source', value: { index: item.source } };
    case 'folder':
      return { $case: 'folder', value: aboutOf(item) };
    case 'end':
      return { $case: 'endFolder', value: {} };
    case 'link':
      return { $case: 'link', value: { ...aboutOf(item), target: item.target } };
    case 'file':
      return { $case: 'file', value: { ...aboutOf(item), size: item.stats.size } };
  }
}

function aboutOf({ names, stats }: Sent): { name: Buffer; mode: number; modifiedUs: number } {
  const name = names.at(-1) ?? Buffer.alloc(0);
  return { name, mode: stats.mode & 0o777, modifiedUs: modifiedUs(stats) };
}
