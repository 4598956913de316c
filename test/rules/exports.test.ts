import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const DECLARED = /^export (?:abstract |async )*(function\*?|const|let|class|enum|interface|type) ([\w$]+)/gm;
const LISTED = /^export (type )?\{([^}]*)\}/gm;

interface Source {
  readonly file: string;
  readonly text: string;
  /** The files that it imports or names as a relative path. */
  readonly targets: ReadonlySet<string>;
  readonly words: ReadonlyMap<string, number>;
}

interface Export {
  readonly name: string;
  readonly isType: boolean;
}

const sources = globSync(['*.ts', '{src,tui,test,build}/**/*.{ts,tsx,mjs}'], { cwd: root })
  .filter((file) => !file.startsWith('src/generated/'))
  .map((file): Source => {
    const text = readFileSync(join(root, file), 'utf8');
    const paths = text.matchAll(/'(\.[^'\n]*\.(?:tsx?|mjs))'/g);
    // Code that build/ writes has its paths from the root.
    const from = ['.', dirname(file)];
    const targets = new Set(
      [...paths].flatMap(([, path = '']) => from.map((folder) => normalize(join(folder, path)))),
    );
    const words = new Map<string, number>();
    for (const word of text.match(/[\w$]+/g) ?? []) words.set(word, (words.get(word) ?? 0) + 1);
    return { file, text, targets, words };
  });

function exportsOf(text: string): Export[] {
  const declared = [...text.matchAll(DECLARED)].map(([, kind = '', name = '']) => ({
    name,
    isType: kind === 'interface' || kind === 'type',
  }));
  const listed = [...text.matchAll(LISTED)].flatMap(([, type, list = '']) =>
    (list.match(/[\w$]+(?=\s*(?:,|$))/g) ?? []).map((name) => ({ name, isType: type !== undefined })),
  );
  return [...declared, ...listed];
}

/** Returns the files that import `file`. */
function importersOf(file: string): Source[] {
  return sources.filter(({ targets }) => targets.has(file));
}

function isTest(file: string): boolean {
  return file.startsWith('test/') || file.includes('.test.');
}

test('no file exports what nothing else uses; a type may belong to what its file exports', () => {
  const unused = sources.flatMap(({ file, text, words }) => {
    const importers = importersOf(file);
    return exportsOf(text)
      .filter(({ name }) => !importers.some((importer) => importer.words.has(name)))
      .filter(({ name, isType }) => !isType || words.get(name) === 1)
      .map(({ name }) => `${file}: ${name}`);
  });
  expect(unused).toEqual([]);
});

test('nothing in the program is used only by tests', () => {
  const program = sources.filter(({ file }) => !isTest(file) && !file.startsWith('build/'));
  const unused = program.flatMap(({ file, text, words }) => {
    const importers = importersOf(file).filter((importer) => !isTest(importer.file));
    return exportsOf(text)
      .filter(({ name }) => words.get(name) === 1)
      .filter(({ name }) => !importers.some((importer) => importer.words.has(name)))
      .map(({ name }) => `${file}: ${name}`);
  });
  expect(unused).toEqual([]);
});
