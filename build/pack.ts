/**
 * Packs Node, the launcher and everything that it loads into one file, with pkg. Its command line cannot
 * pass on the options that disable NODE_OPTIONS and SIGUSR1, so its API is used.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import sea from '@yao-pkg/pkg/lib-es5/sea.js';

/** Options of Node in the program, whatever its environment says. */
export const EXEC_ARGV = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];

/**
 * Packs `folder`/launcher.cjs and the files `inside` from the same folder into `output`, with the runtime
 * `node`.
 */
export async function pack(
  folder: string,
  node: string,
  inside: readonly string[],
  output: string,
): Promise<void> {
  // Node records the launcher's path; relative to pkg's temporary folder it is the same on every machine.
  process.env.TMPDIR = folder;
  const config = {
    main: '../launcher.cjs',
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    execArgv: EXEC_ARGV,
    execArgvExtension: 'none',
    assets: Object.fromEntries(inside.map((name) => [name, join(folder, name)])),
  };
  const { node: version } = process.versions;
  const target = { nodeRange: `node${version}`, platform: 'linux' as const, arch: process.arch, output };
  await sea.default(join(folder, 'launcher.cjs'), {
    targets: [target],
    nodePath: node,
    signature: false,
    seaConfig: config,
  });
  chmodSync(output, 0o755);
}
