/**
 * The files of a receiver: those that are wanted, in order, of which the first one is arriving. Data is
 * acknowledged as it is written, also that of a file that has failed meanwhile.
 */
import type * as proto from '../generated/latchkey/copy/v1/copy.ts';
import type { Channel } from './channel.ts';
import { type Folder, modifiedUs as timeOf } from './folder.ts';
import { COPIED, failed, type Outcome, UNCHANGED } from './outcomes.ts';
import { PartFile } from './part-file.ts';
import { broken, PIECE_BYTES } from './protocol.ts';
import { Refusal, whyNot } from './refusal.ts';
import type { Place } from './target.ts';

type Answer = (outcome: Outcome) => void;

interface Arriving {
  readonly file: proto.File;
  readonly mode: number;
  readonly name: Buffer;
  /** Shared while the file may still be made in it. */
  readonly folder: Folder;
  /** Undefined before it begins, unless there is an earlier attempt, and once it has failed. */
  part: PartFile | undefined;
  /** Bytes of an earlier attempt that the sender was told about. */
  readonly offered: number;
  readonly answer: Answer;
  readonly began: () => void;
  hasBegun: boolean;
}

export interface FileOptions {
  readonly preserve: boolean;
  readonly resume: boolean;
  readonly umask: number;
}

export class Files implements Disposable {
  readonly #channel: Channel;
  readonly #options: FileOptions;
  readonly #received: (bytes: number) => void;
  readonly #arriving: Arriving[] = [];
  /** Bytes that have been written and not been acknowledged. */
  #unacknowledged = 0;

  constructor(channel: Channel, options: FileOptions, received: (bytes: number) => void) {
    this.#channel = channel;
    this.#options = options;
    this.#received = received;
  }

  /** Asks for the content of a file, unless it is there already or cannot be written. */
  async open(place: Place, file: proto.File, answer: Answer, began: () => void): Promise<void> {
    const { folder, name } = place;
    let part: PartFile | undefined;
    try {
      const before = name.length === 0 ? undefined : folder.stat(name);
      if (name.length === 0 || before?.isDirectory()) throw new Refusal('a folder has its name');
      if (this.#options.resume && before?.isFile() && isSame(before, file))
        return this.refuse(answer, UNCHANGED);
      if (PartFile.isThere(folder, name)) part = await PartFile.open(folder, name);
      const offered = part !== undefined && part.before <= file.size ? part.before : 0;
      const sha256 = part !== undefined && offered > 0 ? await part.hash() : Buffer.alloc(0);
      const mode = this.#modeOf(file, before?.isFile() ? before.mode : undefined);
      const arriving = { file, mode, name, part, offered, answer, began, hasBegun: false };
      this.#arriving.push({ ...arriving, folder: folder.share() });
      part = undefined; // left with the others
      await this.#channel.send({ $case: 'wanted', value: { nothing: false, offset: offered, sha256 } });
    } catch (error) {
      part?.leave();
      await this.refuse(answer, failed(whyNot(error)));
    }
  }

  /** Says that the content is not wanted. */
  async refuse(answer: Answer, outcome: Outcome): Promise<void> {
    await this.#channel.send({
      $case: 'wanted',
      value: { nothing: true, offset: 0, sha256: Buffer.alloc(0) },
    });
    answer(outcome);
  }

  async begin(offset: number): Promise<void> {
    const file = this.#arriving[0];
    if (file === undefined || file.hasBegun || (offset !== 0 && offset !== file.offered))
      throw broken('it began a file that is not wanted');
    file.hasBegun = true;
    file.began();
    try {
      file.part ??= await PartFile.open(file.folder, file.name);
    } catch (error) {
      file.answer(failed(whyNot(error)));
    }
    this.#attempt(file, (part) => part.begin(offset));
    if (offset > 0) this.#received(offset);
  }

  async data({ bytes, zeros }: proto.Data): Promise<void> {
    const length = bytes.length + zeros;
    const file = this.#begun();
    if (length > PIECE_BYTES || (file.part?.bytes ?? 0) + length > file.file.size)
      throw broken('it sent more of a file than it had said');
    this.#attempt(file, (part) => (zeros > 0 ? part.writeZeros(zeros) : part.write(bytes)));
    this.#received(length);
    this.#unacknowledged += length;
    if (this.#unacknowledged >= ACKNOWLEDGED_BYTES) await this.#acknowledge();
  }

  end(problem: string): void {
    const file = this.#begun();
    this.#arriving.shift();
    using _folder = file.folder;
    if (file.part === undefined) return; // answered when it failed
    if (problem !== '') {
      file.part.leave();
      file.answer(failed(problem));
      return;
    }
    if (file.part.bytes !== file.file.size) throw this.#lost(file);
    const { preserve } = this.#options;
    const isComplete = this.#attempt(file, (part) =>
      part.finish(file.mode, preserve ? file.file.modifiedUs : undefined),
    );
    if (isComplete) file.answer(COPIED);
  }

  [Symbol.dispose](): void {
    for (const { part, folder } of this.#arriving.splice(0)) {
      part?.leave();
      folder[Symbol.dispose]();
    }
  }

  #lost(file: Arriving): Error {
    file.part?.leave();
    return broken('it sent less of a file than it had said');
  }

  #begun(): Arriving {
    const file = this.#arriving[0];
    if (file?.hasBegun !== true) throw broken('it sent content without a file');
    return file;
  }

  /** Does something with the file; when that fails, the file is removed, since others may need its space. */
  #attempt(file: Arriving, work: (part: PartFile) => void): boolean {
    if (file.part === undefined) return false;
    try {
      work(file.part);
      return true;
    } catch (error) {
      const problem = whyNot(error);
      file.part.remove();
      file.part = undefined;
      file.answer(failed(problem));
      return false;
    }
  }

  async #acknowledge(): Promise<void> {
    const bytes = this.#unacknowledged;
    this.#unacknowledged = 0;
    await this.#channel.send({ $case: 'credit', value: { bytes } });
  }

  /** A file that is replaced keeps its mode, as with cp(1), unless modes are copied. */
  #modeOf({ mode }: proto.File, replaced: number | undefined): number {
    const { preserve, umask } = this.#options;
    return preserve ? mode : (replaced ?? mode & ~umask);
  }
}

/** Data is acknowledged in amounts of at least that many bytes. */
const ACKNOWLEDGED_BYTES = 1024 * 1024;

function isSame(stats: { size: number; mtimeMs: number }, file: proto.File): boolean {
  return stats.size === file.size && timeOf(stats) === file.modifiedUs;
}
