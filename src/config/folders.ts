/** Makes the daemon's folders, or makes sure that those there are its own and closed to others. */
import { chmodSync, chownSync } from 'node:fs';
import { fileProblem } from '../durable-file.ts';
import { ensureFolder, ownUid } from '../owned-path.ts';
import { groupId } from './group-id.ts';
import { type Paths, SYSTEM_USER } from './paths.ts';

const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
const PRIVATE = 0o700;
const VISIBLE = 0o755;
/** Everybody may put a socket there, nobody may list them or remove another's, and all are the group's. */
const DROP = 0o3733;

/** Throws CONFIG_INVALID with the command that helps. */
export function makeFolders(paths: Paths): void {
  const uid = ownUid();
  ensureFolder(paths.state, PRIVATE, { uid, forbidden: FOR_OTHERS });
  ensureFolder(paths.pki, PRIVATE, { uid, forbidden: FOR_OTHERS });
  if (paths.mode === 'self') {
    ensureFolder(paths.run, PRIVATE, { uid, forbidden: WRITABLE_BY_OTHERS });
    ensureFolder(paths.links, PRIVATE, { uid, forbidden: FOR_OTHERS });
    return;
  }
  ensureFolder(paths.run, VISIBLE, { uid, forbidden: WRITABLE_BY_OTHERS });
  ensureFolder(paths.links, DROP, { uid, forbidden: 0 });
  openToLinks(paths);
}

/** Sets what a start that was cut short, or a file system mounted on `links`, has left closed. */
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
