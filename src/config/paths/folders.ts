/** Creates the daemon's folders, or checks that existing ones belong to it and are closed to others. */
import { chmodSync, chownSync, lstatSync, type Stats } from 'node:fs';
import { type AppError, isAppError } from '../../errors.ts';
import { fileProblem } from '../../system/atomic-file.ts';
import { checkFolder, ensureFolder, ownUid } from '../../system/owned-path.ts';
import { invalid } from '../config-error.ts';
import { groupId } from './group-id.ts';
import { type Paths, SYSTEM_USER } from './paths.ts';

const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
const PRIVATE = 0o700;
const VISIBLE = 0o755;
/**
 * Mode of `links`: everybody may create a socket, nobody may list or remove others', all belong to the group.
 */
const DROP = 0o3733;

interface Folder {
  readonly path: string;
  /** The mode that it is created with. */
  readonly mode: number;
  /** Bits that are refused. */
  readonly forbidden: number;
}

/** Returns the folders, outer ones first. */
function foldersOf({ mode, state, pki, run, links }: Paths): Folder[] {
  const own = [state, pki].map((path) => ({ path, mode: PRIVATE, forbidden: FOR_OTHERS }));
  if (mode === 'self') {
    const hidden = { path: run, mode: PRIVATE, forbidden: WRITABLE_BY_OTHERS };
    return [...own, hidden, { path: links, mode: PRIVATE, forbidden: FOR_OTHERS }];
  }
  const visible = { path: run, mode: VISIBLE, forbidden: WRITABLE_BY_OTHERS };
  return [...own, visible, { path: links, mode: DROP, forbidden: 0 }];
}

/** Creates or checks the folders. Throws CONFIG_INVALID with the command that fixes the problem. */
export function makeFolders(paths: Paths): void {
  const uid = ownUid();
  if (uid === 0) checkNotOfService(paths);
  for (const { path, mode, forbidden } of foldersOf(paths)) ensureFolder(path, mode, { uid, forbidden });
  if (paths.mode === 'system') openToLinks(paths);
}

/**
 * Refuses to serve as root what another user's server keeps: with the rights changed as an ordinary error
 * would advise, that server could not start any more.
 */
function checkNotOfService({ state }: Paths): void {
  const owner = lstatSync(state, { throwIfNoEntry: false })?.uid ?? 0;
  if (owner === 0) return;
  const next = 'start it as a service: systemctl start latchkey; or as that user: latchkey serve';
  throw invalid(`${state} belongs to uid ${owner}, which the server of this host runs as; ${next}`);
}

/** Opens what an interrupted start, or a file system mounted on `links`, has left closed. */
function openToLinks({ run, links }: Paths): void {
  try {
    chmodSync(run, VISIBLE);
    const gid = groupId(SYSTEM_USER);
    if (gid !== undefined) chownSync(links, ownUid(), gid);
    chmodSync(links, DROP); // after chown, which clears the setgid bit
  } catch (error) {
    throw fileProblem(error, `cannot open ${links} to the users' links`);
  }
}

/** The state of a folder, and what `makeFolders` would refuse or correct. */
export interface FolderState {
  readonly path: string;
  readonly exists: boolean;
  /** CONFIG_INVALID with the command that fixes the problem. */
  readonly problem?: AppError;
}

/** Returns the state of the folders. Creates and changes nothing. */
export function folderStates(paths: Paths): FolderState[] {
  return foldersOf(paths).map((folder) => {
    try {
      const entry = checkFolder(folder.path, { uid: ownUid(), forbidden: folder.forbidden });
      if (entry !== undefined && paths.mode === 'system') checkOpen(folder, entry);
      return { path: folder.path, exists: entry !== undefined };
    } catch (error) {
      if (!isAppError(error)) throw error;
      return { path: folder.path, exists: true, problem: error };
    }
  });
}

/**
 * Throws CONFIG_INVALID unless mode and group are as `openToLinks` sets them, for links to reach their
 * folder.
 */
function checkOpen({ path, mode }: Folder, entry: Stats): void {
  const found = entry.mode & 0o7777;
  if (mode !== PRIVATE && found !== mode) {
    const [is, wanted] = [found, mode].map((bits) => bits.toString(8).padStart(4, '0'));
    throw invalid(`${path} has mode ${is}; links need ${wanted}. Run: chmod ${wanted} ${path}`);
  }
  const gid = mode === DROP ? groupId(SYSTEM_USER) : undefined;
  if (gid !== undefined && entry.gid !== gid) {
    const help = `chgrp ${SYSTEM_USER} ${path} && chmod ${DROP.toString(8)} ${path}`;
    throw invalid(`${path} has group ${entry.gid}; links need ${SYSTEM_USER}. Run: ${help}`);
  }
}
