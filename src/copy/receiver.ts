/**
 * The receiving end: makes folders, files and symbolic links in its target, and nowhere else. It decides the
 * names of the sources itself; below them, each name is one entry of a folder that is open, so that no name,
 * and no symbolic link, leads out of it.
 */
import type * as proto from '../generated/latchkey/copy/v1/copy.ts';
import type { Channel } from './channel.ts';
import { Files } from './files.ts';
import { type MadeFolder, makeFolder, makeLink } from './make.ts';
import { checkedName, checkedTarget } from './names.ts';
import { COPIED, failed, NO_FOLDER, type Outcome, Outcomes } from './outcomes.ts';
import type { Position } from './position.ts';
import { type Body, broken, MAX_UNANSWERED } from './protocol.ts';
import { whyNot } from './refusal.ts';
import type { Place, Target } from './target.ts';

export interface ReceiveOptions {
  readonly target: Target;
  /** Names of the sources; empty for the contents of a folder. */
  readonly names: readonly Buffer[];
  readonly preserve: boolean;
  readonly resume: boolean;
  /** Permissions that new files do not get (umask(2)). */
  readonly umask: number;
}

/** Callbacks of a receiver. */
export interface ReceiveEvents {
  /** Called for each item, in order. */
  told(item: Received, outcome: Outcome): void;
  /** Called when bytes of a file have been written. */
  received(bytes: number): void;
  /** Called when the sender reports that something was not copied, or not as it is. */
  problem(problem: proto.Problem): void;
  /** Called when a file begins to arrive. */
  began(item: Received): void;
}

export interface Received extends Position {
  readonly kind: 'folder' | 'link' | 'file';
  /** Size of a file in bytes. */
  readonly size: number;
}

/** A folder that items are put in: undefined when it could not be made. */
interface Level {
  readonly made: MadeFolder | undefined;
  readonly names: readonly Buffer[];
}

/** Receives until the sender says that that is all. Throws when the copy cannot go on. */
export async function receive(
  channel: Channel,
  options: ReceiveOptions,
  events: ReceiveEvents,
): Promise<void> {
  using receiver = new Receiver(channel, options, events);
  while (!(await receiver.take(await channel.next())));
}

class Receiver implements Disposable {
  readonly #channel: Channel;
  readonly #options: ReceiveOptions;
  readonly #events: ReceiveEvents;
  readonly #outcomes = new Outcomes();
  readonly #files: Files;
  readonly #levels: Level[] = [];
  #source = -1;
  /** True until the item has come that the source names. */
  #expectsSource = false;
  /** True when nothing more will come: folders that are not complete stay as they are, to be gone on with. */
  #isStopped = false;

  constructor(channel: Channel, options: ReceiveOptions, events: ReceiveEvents) {
    this.#channel = channel;
    this.#options = options;
    this.#events = events;
    this.#files = new Files(channel, options, (bytes) => events.received(bytes));
  }

  /** Handles a frame; resolves with true after the last one. */
  async take(body: Body): Promise<boolean> {
    switch (body.$case) {
      case 'source':
        this.#begin(body.value.index);
        break;
      case 'folder':
        this.#folder(body.value);
        break;
      case 'endFolder':
        this.#endFolder();
        break;
      case 'link':
        this.#link(body.value);
        break;
      case 'file':
        await this.#file(body.value);
        break;
      case 'begin':
        await this.#files.begin(body.value.offset);
        break;
      case 'data':
        await this.#files.data(body.value);
        break;
      case 'endFile':
        this.#files.end(body.value.problem);
        break;
      case 'problem':
        this.#events.problem(body.value);
        break;
      case 'done':
        return this.#done();
      default:
        throw broken(`it sent ${body.$case}`);
    }
    return false;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#files[Symbol.dispose]();
    for (const { made } of this.#levels.splice(0).reverse()) made?.folder[Symbol.dispose]();
  }

  #begin(index: number): void {
    if (this.#levels.length > 0 || index <= this.#source || index >= this.#options.names.length)
      throw broken(`it sent source ${index}`);
    this.#source = index;
    this.#expectsSource = true;
  }

  #folder({ name, mode, modifiedUs }: proto.Folder): void {
    const { level, names, answer } = this.#item('folder', name, 0);
    let made: MadeFolder | undefined;
    this.#make(answer, level, (place) => {
      made = makeFolder(place, { mode, modifiedUs }, this.#options);
    });
    this.#levels.push({ made, names });
  }

  #endFolder(): void {
    const level = this.#levels.pop();
    if (level === undefined) throw broken('it ended a folder that it had not begun');
    if (level.made === undefined) return;
    const { folder, seal } = level.made;
    folder.beforeClose(() => {
      if (!this.#isStopped) seal();
    });
    folder[Symbol.dispose]();
  }

  #link({ name, target, modifiedUs }: proto.Link): void {
    const { level, answer } = this.#item('link', name, 0);
    const path = checkedTarget(target);
    this.#make(answer, level, (place) =>
      makeLink(place, path, this.#options.preserve ? modifiedUs : undefined),
    );
  }

  async #file(file: proto.File): Promise<void> {
    if (file.size < 0) throw broken('it sent a size below zero');
    const { level, item, answer } = this.#item('file', file.name, file.size);
    const began = (): void => this.#events.began(item);
    if (level === undefined) return this.#files.refuse(answer, NO_FOLDER);
    if (this.#options.target.isFolder && this.#levels.length === 0)
      return this.#files.refuse(answer, failed('the target is not a folder'));
    await this.#files.open(level, file, answer, began);
  }

  /** Makes an item without content at once. */
  #make(answer: (outcome: Outcome) => void, place: Place | undefined, make: (place: Place) => void): void {
    let outcome = NO_FOLDER;
    try {
      if (place !== undefined) {
        make(place);
        outcome = COPIED;
      }
    } catch (error) {
      outcome = failed(whyNot(error));
    }
    answer(outcome);
  }

  /** Returns where an item goes, undefined when its folder could not be made, and how to answer for it. */
  #item(kind: Received['kind'], name: Buffer, size: number) {
    if (this.#outcomes.size >= MAX_UNANSWERED) throw broken('it sent more than can be answered');
    const level = this.#levels.at(-1);
    const isSource = level === undefined;
    if (isSource && (!this.#expectsSource || name.length > 0))
      throw broken('it sent an item without a source');
    this.#expectsSource = false;
    const names = isSource ? [] : [...level.names, checkedName(name)];
    const item: Received = { kind, source: this.#source, names, size };
    const answer = this.#outcomes.expect((outcome) => {
      this.#events.told(item, outcome);
      void this.#channel.send({ $case: 'outcome', value: outcome }).catch(() => {}); // its end says more
    });
    return { item, names, answer, level: isSource ? this.#sourcePlace() : placeIn(level, name) };
  }

  #sourcePlace(): Place {
    const { target, names } = this.#options;
    return target.placeOf(names[this.#source] ?? Buffer.alloc(0));
  }

  async #done(): Promise<true> {
    if (this.#levels.length > 0 || this.#outcomes.size > 0) throw broken('it ended before its last item');
    await this.#channel.send({ $case: 'done', value: {} });
    return true;
  }
}

function placeIn({ made }: Level, name: Buffer): Place | undefined {
  return made && { folder: made.folder, name };
}
