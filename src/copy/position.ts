/** Places in the order of the walk, in which a copy goes on after a lost connection. */

/** Place of an item: the index of its source, and the names below it. */
export interface Position {
  readonly source: number;
  readonly names: readonly Buffer[];
}

/**
 * Says what `after` means for the entry `name` of a folder: 'skip' it, walk through 'all' of it, or, since
 * the position lies within, the names that remain.
 */
export function within(
  after: readonly Buffer[] | undefined,
  name: Buffer,
  isFolder: boolean,
): 'skip' | 'all' | readonly Buffer[] {
  const [first, ...rest] = after ?? [];
  const order = first === undefined ? 1 : Buffer.compare(name, first);
  if (order !== 0) return order < 0 ? 'skip' : 'all';
  if (rest.length > 0) return isFolder ? rest : 'all';
  return isFolder ? 'all' : 'skip'; // a folder that has been sent may not be complete
}

/** True when `item` is `position`, or a folder above it. */
export function isAncestor(item: Position, position: Position): boolean {
  if (item.source !== position.source || item.names.length > position.names.length) return false;
  return item.names.every((name, index) => position.names[index]?.equals(name) === true);
}
