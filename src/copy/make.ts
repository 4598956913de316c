/** Makes the folders and symbolic links of a copy. Throws Refusal and the system's errors. */
import { fchmodSync, futimesSync } from 'node:fs';
import { codeOf } from '../errno.ts';
import type { Folder } from './folder.ts';
import { Refusal } from './refusal.ts';
import type { Place } from './target.ts';

const PERMISSIONS = 0o777;

interface MakeOptions {
  readonly preserve: boolean;
  readonly umask: number;
}

export interface MadeFolder {
  readonly folder: Folder;
  /** Gives it its mode and time, once it is complete. Never throws. */
  readonly seal: () => void;
}

/**
 * Opens the folder `name`, or makes it, or shares `folder` itself when it has no name. When it is complete, a
 * new folder gets its mode; with `preserve` every folder gets mode and time.
 */
export function makeFolder(
  { folder, name }: Place,
  { mode, modifiedUs }: { readonly mode: number; readonly modifiedUs: number },
  { preserve, umask }: MakeOptions,
): MadeFolder {
  if (name.length === 0) return { folder: folder.share(), seal: () => {} };
  const isNew = folder.make(name);
  const made = openMade(folder, name);
  const permissions = preserve ? mode & PERMISSIONS : mode & PERMISSIONS & ~umask;
  const seal = (): void => {
    try {
      if (isNew || preserve) fchmodSync(made.fd, permissions);
      if (preserve) futimesSync(made.fd, modifiedUs / 1e6, modifiedUs / 1e6);
    } catch {
      // Somebody else's folder keeps its own.
    }
  };
  return { folder: made, seal };
}

function openMade(folder: Folder, name: Buffer): Folder {
  try {
    return folder.child(name);
  } catch (error) {
    if (codeOf(error) !== 'ENOTDIR') throw error;
    const isLink = folder.stat(name)?.isSymbolicLink() === true;
    throw new Refusal(`${isLink ? 'a symbolic link' : 'something that is no folder'} has its name`);
  }
}

/** Makes a symbolic link, in place of a file or another link. */
export function makeLink({ folder, name }: Place, target: Buffer, modifiedUs: number | undefined): void {
  if (name.length === 0) throw new Refusal('a symbolic link cannot be copied to the folder itself');
  const before = folder.stat(name);
  if (before?.isDirectory()) throw new Refusal('a folder has its name');
  if (before !== undefined) folder.remove(name);
  folder.link(name, target);
  if (modifiedUs !== undefined) folder.setTime(name, modifiedUs);
}
