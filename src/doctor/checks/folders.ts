/** The daemon's folders and private files, by the daemon's own rules and with its rights. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { folderStates } from '../../config/paths/folders.ts';
import { codeOf } from '../../errno.ts';
import { checkPrivateFile } from '../../system/owned-path.ts';
import { type Finding, Findings } from '../finding.ts';
import { asAccount } from '../identity.ts';
import type { Subject } from './configuration.ts';

/** What the first start makes, and none after it again. */
const LASTING = ['ca.pem', 'ca.key', 'master.key'];

/** Modes and owners of state, pki, run and links. */
export function checkFolders({ account, config }: Subject): Finding[] {
  const found = new Findings('folders');
  const states = asAccount(account, () => folderStates(config.paths));
  const wrong = states.flatMap(({ path, problem }) =>
    problem === undefined ? [] : [found.refused(problem, `chown ${account.name} ${path}`)],
  );
  if (wrong.length > 0) return wrong;
  const there = states.filter(({ isThere }) => isThere).map(({ path }) => path);
  if (there.length === 0) return [found.ok(`none yet: the first start makes ${config.paths.state}`)];
  return [found.ok(`${there.join(', ')}: as ${account.name} needs them`)];
}

/** The keys and certificates, and the local administrator's token. */
export function checkFiles({ account, config }: Subject): Finding[] {
  const found = new Findings('files');
  const { pki, run } = config.paths;
  return asAccount(account, () => {
    const names = namesIn(pki);
    if (names === undefined) return [found.skipped(`${pki} cannot be looked into; see folders`)];
    if (names.length === 0) return [found.ok('none yet: the first start makes keys and certificates')];
    const missing = LASTING.filter((name) => !names.includes(name)).map((name) =>
      found.problem(`${join(pki, name)} is missing`, 'put it back from where it was kept'),
    );
    const paths = [...names.map((name) => join(pki, name)), join(run, 'token')];
    const loose = paths.flatMap((path) => {
      try {
        checkPrivateFile(path);
        return [];
      } catch (error) {
        return [found.refused(error, `chown ${account.name} ${path} && chmod 0600 ${path}`)];
      }
    });
    if (missing.length + loose.length > 0) return [...missing, ...loose];
    return [found.ok(`${names.length} keys and certificates in ${pki}: nobody else can read them`)];
  });
}

/** undefined for a folder that cannot be read; none for one that is not there. */
function namesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? [] : undefined;
  }
}
