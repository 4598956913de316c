/** Names from the other end, and paths for messages. */
import { rawText } from '../values/raw-text.ts';
import { broken } from './protocol.ts';

const SLASH = 0x2f;
const NUL = 0;
/** Longest target of a symbolic link, in bytes (symlink(2): PATH_MAX without the NUL). */
const MAX_TARGET_BYTES = 4095;

/**
 * Returns the name of an entry of a folder. Throws for a name that could lead elsewhere: no folder has such
 * an entry, so the other end made it up.
 */
export function checkedName(name: Buffer): Buffer {
  const isPath = name.includes(SLASH) || name.includes(NUL);
  if (isPath || name.length === 0 || isDots(name)) throw broken(`it sent '${rawText(name)}' as a name`);
  return name;
}

/** Returns the target of a symbolic link, which may be any path. */
export function checkedTarget(target: Buffer): Buffer {
  if (target.length === 0 || target.length > MAX_TARGET_BYTES || target.includes(NUL))
    throw broken('it sent a symbolic link to nothing that could be a path');
  return target;
}

/**
 * Returns the name under which a copy of `path` appears in a folder; empty for the contents of a folder:
 * '/', '.', '..' and paths that end so.
 */
export function lastName(path: Buffer): Buffer {
  let end = path.length;
  while (end > 0 && path[end - 1] === SLASH) end -= 1;
  const name = path.subarray(path.subarray(0, end).lastIndexOf(SLASH) + 1, end);
  return isDots(name) ? Buffer.alloc(0) : name;
}

/** Returns the path of what lies below `path`, as raw text for a message. */
export function below(path: Buffer, names: readonly Buffer[]): string {
  return [path, ...names].map(rawText).join('/').replace(/^\/\//, '/');
}

function isDots(name: Buffer): boolean {
  return name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'));
}
