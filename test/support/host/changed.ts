/** Changes of the host that are undone when they are disposed of. */
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

const PERMISSIONS = 0o7777;

export function otherMode(path: string, mode: number): Disposable {
  const before = lstatSync(path).mode & PERMISSIONS;
  chmodSync(path, mode);
  return { [Symbol.dispose]: () => chmodSync(path, before) };
}

export function otherOwner(path: string, uid: number): Disposable {
  const { uid: before, gid, mode } = lstatSync(path);
  chownSync(path, uid, gid);
  return {
    [Symbol.dispose]: () => {
      chownSync(path, before, gid);
      chmodSync(path, mode & PERMISSIONS);
    },
  };
}

/** Gives the file `path` other content; removes it without any. */
export function otherContent(path: string, content: string | Uint8Array | undefined): Disposable {
  const { uid, gid, mode } = lstatSync(path);
  const before = readFileSync(path);
  if (content === undefined) rmSync(path);
  else overwrite(path, content);
  return {
    [Symbol.dispose]: () => {
      if (content !== undefined) return overwrite(path, before);
      writeFileSync(path, before);
      chownSync(path, uid, gid);
      chmodSync(path, mode & PERMISSIONS);
    },
  };
}

/** Writes in place, so that owner and mode stay. */
function overwrite(path: string, content: string | Uint8Array): void {
  const fd = openSync(path, 'r+');
  const bytes = Buffer.from(content);
  ftruncateSync(fd);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  closeSync(fd);
}
