/** Counts what `latchkey cp` has copied, and says so. */
import type { Outcome } from '../../copy/outcomes.ts';
import { isAncestor, type Position } from '../../copy/position.ts';
import { count, size } from '../../terminal/format.ts';
import { integer, type Members } from '../../terminal/json.ts';

/** An item with an outcome, as both ends of a copy tell it. */
interface Told extends Position {
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
}

const SECOND_MS = 1000;

export class Tally {
  files = 0;
  folders = 0;
  links = 0;
  unchanged = 0;
  skipped = 0;
  failed = 0;
  /** Bytes of the files that have been copied. */
  bytes = 0;
  /** The item up to which everything has been copied, or has failed. */
  after: Position | undefined;
  readonly #startedMs = performance.now();
  #received = 0;
  #current: { readonly name: string; readonly size: number; readonly from: number } | undefined;

  /** Counts an item. Returns false for a folder that has been counted before a lost connection. */
  told(item: Told, { problem, unchanged, noFolder }: Outcome): boolean {
    if (this.after !== undefined && isAncestor(item, this.after)) return false;
    this.after = { source: item.source, names: item.names };
    if (problem !== '') this.failed += 1;
    else if (unchanged) this.unchanged += 1;
    else if (!noFolder) this.#copied(item);
    return true;
  }

  /** Says that a file begins to arrive, for the progress. `name` is inert when it is shown. */
  began(name: string, bytes: number): void {
    this.#current = { name, size: bytes, from: this.#received };
  }

  received(bytes: number): void {
    this.#received += bytes;
  }

  /** Milliseconds since the copy began. */
  get milliseconds(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  /** Returns the progress: "3 files, 1.2 GiB, 56 MiB/s, image.iso 43%". */
  progress(): string {
    const rate = this.#received / Math.max(1, this.milliseconds / SECOND_MS);
    const done = `copying: ${count(this.files, 'file')}, ${size(this.#received)}, ${size(rate)}/s`;
    if (this.#current === undefined) return done;
    const { name, size: whole, from } = this.#current;
    const percent = whole === 0 ? 100 : Math.min(100, Math.floor((100 * (this.#received - from)) / whole));
    return `${done}, ${name} ${percent}%`;
  }

  /** Returns the result: "copied 3 files, 1.2 GiB". */
  summary(): string {
    const parts = [
      `copied ${count(this.files, 'file')}, ${size(this.bytes)}`,
      ...(this.unchanged > 0 ? [`${this.unchanged.toLocaleString('en')} were there`] : []),
      ...(this.failed > 0 ? [`${this.failed.toLocaleString('en')} failed`] : []),
    ];
    return parts.join(', ');
  }

  #copied({ kind, size: bytes }: Told): void {
    if (kind === 'folder') this.folders += 1;
    else if (kind === 'link') this.links += 1;
    else {
      this.files += 1;
      this.bytes += bytes;
    }
  }
}

export const COPIED: Members<Tally> = {
  files: integer('files copied', ({ files }) => files),
  folders: integer('folders copied', ({ folders }) => folders),
  links: integer('symbolic links copied', ({ links }) => links),
  unchanged: integer('files that were there already, with --resume', ({ unchanged }) => unchanged),
  skipped: integer('fifos, sockets and devices in folders', ({ skipped }) => skipped),
  failed: integer('files, folders and links that were not copied as they are', ({ failed }) => failed),
  bytes: integer('bytes in the files copied', ({ bytes }) => bytes),
  milliseconds: integer('duration', ({ milliseconds }) => milliseconds),
};
