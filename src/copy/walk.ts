/**
 * Walks through files and folders in a fixed order: the sources as they are named, the entries of a folder in
 * order of their bytes. Symbolic links that a person has named are followed, those in folders are not. What
 * cannot be read is reported, and the walk goes on.
 */
import * as fs from 'node:fs';
import { codeOf, reasonOf } from '../errno.ts';
import { Folder } from './folder.ts';
import { below } from './names.ts';
import { type Position, within } from './position.ts';

/** Found by the walk. The receiver of a file closes its descriptor. */
export type Item = Position &
  (
    | { readonly kind: 'source' }
    | { readonly kind: 'folder'; readonly stats: fs.Stats }
    | { readonly kind: 'end' }
    | { readonly kind: 'link'; readonly stats: fs.Stats; readonly target: Buffer }
    | { readonly kind: 'file'; readonly stats: fs.Stats; readonly fd: number }
    | { readonly kind: 'problem'; readonly text: string; readonly skipped: boolean }
  );

export interface WalkOptions {
  /** Paths that a person has named. */
  readonly sources: readonly Buffer[];
  /** True to walk through folders. */
  readonly recursive: boolean;
  /** Item after which the walk begins. */
  readonly after: Position | undefined;
}

const { O_NONBLOCK, O_RDONLY } = fs.constants;

export function* walk({ sources, recursive, after }: WalkOptions): Generator<Item, void> {
  for (const [source, path] of sources.entries()) {
    if (after !== undefined && source < after.source) continue;
    const done = after?.source === source ? after.names : undefined;
    yield { kind: 'source', source, names: [] };
    yield* orProblem({ source, names: [] }, () => walkSource(source, path, recursive, done));
  }
}

function walkSource(
  source: number,
  path: Buffer,
  recursive: boolean,
  done: readonly Buffer[] | undefined,
): Iterable<Item> {
  const at = { source, names: [] };
  const stats = fs.statSync(path);
  if (!stats.isDirectory()) {
    if (done?.length === 0) return [];
    return [fileOf(at, stats, () => fs.openSync(path, O_RDONLY | O_NONBLOCK), false)];
  }
  if (!recursive) return [problem(at, 'it is a folder; add -r to copy folders')];
  return walkFolder(at, stats, Folder.open(path), done);
}

/** Walks through a folder, which it closes. Throws when the names of its entries cannot be read. */
function walkFolder(
  at: Position,
  stats: fs.Stats,
  folder: Folder,
  done: readonly Buffer[] | undefined,
): Iterable<Item> {
  try {
    return walkNames(at, stats, folder, folder.names(), done);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

function* walkNames(
  at: Position,
  stats: fs.Stats,
  folder: Folder,
  names: readonly Buffer[],
  done: readonly Buffer[] | undefined,
): Generator<Item, void> {
  try {
    yield { kind: 'folder', ...at, stats };
    for (const name of names) {
      const entry = { source: at.source, names: [...at.names, name] };
      yield* orProblem(entry, () => walkEntry(entry, folder, name, done));
    }
    yield { kind: 'end', ...at };
  } finally {
    folder[Symbol.dispose]();
  }
}

function walkEntry(
  at: Position,
  folder: Folder,
  name: Buffer,
  done: readonly Buffer[] | undefined,
): Iterable<Item> {
  const stats = folder.stat(name);
  if (stats === undefined) return [problem(at, 'it has been removed meanwhile')];
  const rest = within(done, name, stats.isDirectory());
  if (rest === 'skip') return [];
  if (stats.isDirectory())
    return walkFolder(at, stats, folder.child(name), rest === 'all' ? undefined : rest);
  if (stats.isSymbolicLink()) return [{ kind: 'link', ...at, stats, target: folder.readLink(name) }];
  return [fileOf(at, stats, () => folder.read(name), true)];
}

/** Opens a file. Anything else that it could be by now is not read. */
function fileOf(at: Position, before: fs.Stats, open: () => number, skipped: boolean): Item {
  const special = kindOf(before);
  if (special !== undefined) return { ...problem(at, special), skipped };
  const fd = open();
  const stats = fs.fstatSync(fd);
  if (stats.isFile()) return { kind: 'file', ...at, stats, fd };
  fs.closeSync(fd);
  return problem(at, 'it is no longer a file');
}

function kindOf(stats: fs.Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isFIFO()) return 'it is a fifo';
  if (stats.isSocket()) return 'it is a socket';
  return 'it is a device';
}

function problem(at: Position, text: string): Item & { kind: 'problem' } {
  return { kind: 'problem', ...at, text, skipped: false };
}

/** Yields what `find` returns, or the failure of the system that it throws. */
function* orProblem(at: Position, find: () => Iterable<Item>): Generator<Item, void> {
  let found: Iterable<Item>;
  try {
    found = find();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    found = [problem(at, reasonOf(error))];
  }
  yield* found;
}

/** Returns the path of an item for a message, as raw text. */
export function pathOf(sources: readonly Buffer[], { source, names }: Position): string {
  return below(sources[source] ?? Buffer.alloc(0), names);
}
