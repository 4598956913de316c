/** The Debian package for a story, made of the program in dist/, or of one with a higher version. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

export class DebianPackage implements Disposable {
  /** Path of the .deb. */
  readonly file: string;
  readonly #folder: string;

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    this.file = file;
  }

  /**
   * Makes the package: with another `version` than that of the sources if given, and compressed like the
   * released one if `small`.
   */
  static make({ version, small = false }: { version?: string; small?: boolean } = {}): DebianPackage {
    const folder = mkdtempSync(join(tmpdir(), 'package-'));
    const built = version === undefined ? [] : ['--program', join(folder, 'latchkey')];
    if (version !== undefined) node('build/build.ts', folder, version);
    const printed = node('build/package.ts', ...(small ? [] : ['--fast']), '--out', folder, ...built);
    return new DebianPackage(folder, printed.trim());
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function node(...argv: string[]): string {
  const command = ['--disable-warning=ExperimentalWarning', ...argv];
  return execFileSync(process.execPath, command, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
}
