/** Checks the daemon's folders and private files, with the daemon's own rules and rights. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { folderStates } from '../../config/paths/folders.ts';
import { codeOf } from '../../errno.ts';
import { checkPrivateFile } from '../../system/owned-path.ts';
import { type Finding, Findings } from '../finding.ts';
import { asAccount } from '../identity.ts';
import type { Subject } from './configuration.ts';

/** Files that only the first start creates. */
const MADE_ONCE = ['ca.pem', 'ca.key', 'master.key'];

/** Checks modes and owners of the folders state, pki, run and links. */
export function checkFolders({ account, config }: Subject): Finding[] {
  const found = new Findings('folders');
  const states = asAccount(account, () => folderStates(config.paths));
  const wrong = states.flatMap(({ path, problem }) =>
    problem === undefined ? [] : [found.failed(problem, `chown ${account.name} ${path}`)],
  );
  if (wrong.length > 0) return wrong;
  const existing = states.filter(({ exists }) => exists).map(({ path }) => path);
  if (existing.length === 0) return [found.ok(`none yet: the first start makes ${config.paths.state}`)];
  return [found.ok(`${existing.join(', ')}: owner and mode are right for ${account.name}`)];
}

/** Checks the keys and certificates, and the local administrator's token. */
export function checkFiles({ account, config }: Subject): Finding[] {
  const found = new Findings('files');
  const { pki, run } = config.paths;
  return asAccount(account, () => {
    const names = namesIn(pki);
    if (names === undefined) return [found.skipped(`cannot read ${pki}; see folders`)];
    if (names.length === 0) return [found.ok('none yet: the first start makes keys and certificates')];
    const missing = MADE_ONCE.filter((name) => !names.includes(name)).map((name) =>
      found.problem(`${join(pki, name)} is missing`, 'restore it from a backup'),
    );
    const paths = [...names.map((name) => join(pki, name)), join(run, 'token')];
    const loose = paths.flatMap((path) => {
      try {
        checkPrivateFile(path);
        return [];
      } catch (error) {
        return [found.failed(error, `chown ${account.name} ${path} && chmod 0600 ${path}`)];
      }
    });
    if (missing.length + loose.length > 0) return [...missing, ...loose];
    return [found.ok(`${names.length} keys and certificates in ${pki}: not accessible to other users`)];
  });
}

/** Returns undefined for a folder that cannot be read; an empty list for one that does not exist. */
function namesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? [] : undefined;
  }
}
