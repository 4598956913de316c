/** Parses `test/requirements.md`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../requirements.md');
const ID = /^[A-Z]\d+$/;
/** Placeholders in the title of a table's test, which vitest replaces. */
const PLACEHOLDER = /%[sdifjo]|\\\$\w+/g;

/** One requirement of the first table. */
export interface Requirement {
  readonly id: string;
  /** True for what is not there yet, and so has no test. */
  readonly isPlanned: boolean;
}

/** One row of the second table: a test, and the requirements that it shows. */
export interface ShownBy {
  readonly ids: readonly string[];
  /** Path of the test, from the root of the project. */
  readonly file: string;
  /** Title as in the code, where `%s` and the like stand for any text. */
  readonly title: string;
}

export function readRequirements(): { requirements: Requirement[]; rows: ShownBy[] } {
  const [, list = '', tests = ''] = readFileSync(PAGE, 'utf8').split(/^## .*$/m);
  const requirements = cellsOf(list).flatMap(([id = '', , status = '']) =>
    ID.test(id) ? [{ id, isPlanned: status === 'planned' }] : [],
  );
  const rows = cellsOf(tests)
    .slice(2) // its head
    .map(([ids = '', , file = '', title = '']) => ({ ids: ids.split(', '), file: bare(file), title }));
  return { requirements, rows };
}

/** Returns true when `name` is a test of this row. */
export function isTitled({ title }: ShownBy, name: string): boolean {
  const text = title.replaceAll(/\\(.)/g, '$1');
  const literal = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll(PLACEHOLDER, '.*')}$`, 's').test(name);
}

function cellsOf(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function bare(code: string): string {
  return code.replaceAll('`', '');
}
