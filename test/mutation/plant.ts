/** A copy of the project whose code has all mutants in it, none of them active. */
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { MutateDescription, Mutant as PlantedMutant } from '@stryker-mutator/api/core';
import type { Logger } from '@stryker-mutator/api/logging';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import type { Lines } from './rooms.ts';
import { cover, isActive } from './switch.ts';

/** Changes of words and of plain data: most of them are of messages, and of what nothing depends on. */
const EXCLUDED = ['StringLiteral', 'ObjectLiteral', 'ArrayDeclaration'];
/** Shared by the copy and the project. */
const MODULES = 'node_modules';
const LEFT_OUT = new Set([MODULES, 'dist', '.git', '.quickstart']);
const LONGEST_LINE = 100_000;

/** One change of one place in the code. */
export interface Mutant {
  readonly id: string;
  /** Relative to the project. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
}

/** A file to change: all of it, or some lines. */
export interface Target {
  readonly file: string;
  readonly lines?: readonly Lines[];
}

export interface Planted extends Disposable {
  readonly folder: string;
  readonly mutants: readonly Mutant[];
}

export async function plant(root: string, targets: readonly Target[]): Promise<Planted> {
  const folder = copyOf(root);
  const files = targets.map(({ file, lines }) => ({
    name: join(folder, file),
    content: readFileSync(join(folder, file), 'utf8'),
    mutate: lines?.map(rangeOf) ?? true,
  }));
  const options = { plugins: null, ignorers: [], excludedMutations: EXCLUDED, noHeader: true };
  const planted = await new Instrumenter(silent).instrument(files, options);
  const imported = `${isActive.name} as stryMutAct_9fa48, ${cover.name} as stryCov_9fa48`;
  for (const { name, content } of planted.files) {
    const path = relative(dirname(name), join(folder, 'test/mutation/switch.ts'));
    writeFileSync(name, `import { ${imported} } from './${path}';\n${content}`);
  }
  const textOf = new Map(files.map(({ name, content }) => [name, content]));
  const mutants = planted.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map((mutant) => describe(mutant, textOf.get(mutant.fileName) ?? '', folder));
  return { folder, mutants, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Copies the project to a folder that every account of a world can read. */
function copyOf(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mutation-'));
  chmodSync(folder, 0o755);
  cpSync(root, folder, {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(relative(root, path)),
  });
  symlinkSync(join(root, MODULES), join(folder, MODULES));
  return folder;
}

function rangeOf({ first, last }: Lines): Exclude<MutateDescription, boolean>[number] {
  return { start: { line: first, column: 0 }, end: { line: last, column: LONGEST_LINE } };
}

function describe(
  { id, fileName, location, mutatorName, replacement }: PlantedMutant,
  text: string,
  folder: string,
): Mutant {
  const { start, end } = location;
  const lines = text.split('\n').slice(start.line, end.line + 1);
  const last = lines.length - 1;
  lines[last] = lines[last]?.slice(0, end.column) ?? '';
  lines[0] = lines[0]?.slice(start.column) ?? '';
  return {
    id,
    file: relative(folder, fileName),
    line: start.line + 1,
    mutator: mutatorName,
    original: onOneLine(lines.join('\n')),
    replacement: onOneLine(replacement ?? ''),
  };
}

function onOneLine(code: string): string {
  return code.replaceAll(/\s+/g, ' ').trim();
}

const nothing = () => {};
const never = () => false;
const silent: Logger = {
  isTraceEnabled: never,
  isDebugEnabled: never,
  isInfoEnabled: never,
  isWarnEnabled: never,
  isErrorEnabled: never,
  isFatalEnabled: never,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
};
