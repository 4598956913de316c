/** The files of a package while it is built, in a temporary folder. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class Tree implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-package-'));

  constructor() {
    chmodSync(this.folder, 0o755); // becomes / of the package
  }

  /** Writes a file; `path` is its path on the host. */
  put(path: string, data: string | Buffer, mode = 0o644): void {
    this.#place(path, mode, (file) => writeFileSync(file, data));
  }

  copy(from: string, path: string, mode: number): void {
    this.#place(path, mode, (file) => copyFileSync(from, file));
  }

  /** deb-md5sums(5) */
  get checksums(): string {
    return this.#installed
      .map(
        (path) =>
          `${createHash('md5')
            .update(readFileSync(join(this.folder, path)))
            .digest('hex')}  ${path}\n`,
      )
      .join('');
  }

  /** Size of all files that will be installed, in KiB. */
  get kibibytes(): number {
    const bytes = this.#installed.map((path) => statSync(join(this.folder, path)).size);
    return Math.ceil(bytes.reduce((sum, size) => sum + size, 0) / 1024);
  }

  get #installed(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => !path.startsWith('DEBIAN') && statSync(join(this.folder, path)).isFile())
      .sort();
  }

  #place(path: string, mode: number, write: (file: string) => void): void {
    const file = join(this.folder, path);
    makeFolder(dirname(file));
    write(file);
    chmodSync(file, mode); // independent of the umask
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** Creates a folder and its ancestors, readable by everybody. */
function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) chmodSync(folder, 0o755);
}
