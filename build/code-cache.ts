/**
 * V8's compiled form of each role: with it a start takes two thirds of the CPU time. The same code gives the
 * same bytes on any host and for anybody: a start gets as far as loading all of its code, and no further.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundles, roles } from './bundle.ts';
import { STEADY } from './v8-flags.ts';

const STAND_IN = join(import.meta.dirname, 'stand-in.ts');
/** What is on no host, and below nobody's folder: who owns the folders above a path decides what code looks at it. */
const NOWHERE = '/nowhere';

/**
 * What loads a bundle's code and then fails, for want of a file, an account (see stand-in.ts), a port, a terminal.
 * A guest in it is compiled when it runs: nobody waits for it often enough to make the program larger.
 */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  serve: ['serve', '--config', NOWHERE],
  link: ['link', '--run', NOWHERE],
  cli: ['whoami', '--run', NOWHERE, '--server', 'localhost:99999'],
  tui: ['tui'],
};

/** How every role ends that is given an option it does not know: its code was taken. */
const USAGE = 2;

/** Writes ROLE.cache beside each bundle in `folder`; `node` is the runtime that the program will have. */
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
    const status = await run([], 'run', [role, '--no-such-option']);
    if (status !== USAGE) throw new Error(`the compiled form of ${role} is of no use: status ${status}`);
  }
}
