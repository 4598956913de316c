/**
 * Creates V8's code cache for each role, which saves a third of the CPU time of a start. The same code
 * gives the same bytes on any host for any user: each start loads all of the role's code, then fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { COPY_PROGRAM } from '../src/entry/copy-program.ts';
import { bundles, roles } from './bundle.ts';
import { STEADY } from './v8-flags.ts';

const STAND_IN = join(import.meta.dirname, 'stand-in.ts');
/**
 * A path that exists on no host and is in no user's folder: the owners of the folders above a path
 * determine which code checks it.
 */
const NOWHERE = '/nowhere';

/**
 * Arguments with which a role loads its bundle's code and then fails, because it has no file, account
 * (see stand-in.ts), port or terminal. A guest's code is compiled when it runs: it runs too rarely to
 * make the program larger for it.
 */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  serve: ['serve', '--config', NOWHERE],
  link: ['link', '--run', NOWHERE],
  cli: ['whoami', '--run', NOWHERE, '--server', 'localhost:99999'],
  tui: ['tui'],
  copy: [COPY_PROGRAM],
};

/** Exit status of every role for an unknown option, which shows that its code cache was accepted. */
const USAGE = 2;

/** Writes ROLE.cache beside each bundle in `folder`; `node` is the program's runtime. */
export async function makeCodeCache(
  folder: string,
  node: string,
  execArgv: readonly string[],
): Promise<void> {
  const run = async (flags: readonly string[], mode: 'keep' | 'run', words: readonly string[]) => {
    const argv = [...execArgv, ...flags, STAND_IN, folder, mode, ...words];
    const env = { HOME: NOWHERE, PATH: '/usr/bin:/bin' };
    const [status] = await once(spawn(node, argv, { env, stdio: 'ignore', timeout: 60_000 }), 'exit');
    return status;
  };
  for (const name of bundles) await run(STEADY, 'keep', STARTS[name] ?? []);
  for (const role of roles) {
    const word = role === 'copy' ? COPY_PROGRAM : role;
    const status = await run([], 'run', [word, '--no-such-option']);
    if (status !== USAGE) throw new Error(`the code cache of ${role} does not work: status ${status}`);
  }
}
