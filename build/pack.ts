/**
 * Makes the one file: Node with the launcher and everything it loads inside, by pkg. Its own command line
 * does not pass on what keeps NODE_OPTIONS and SIGUSR1 from having an effect.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import sea from '@yao-pkg/pkg/lib-es5/sea.js';

/** How Node is started in the program, whatever its environment says. */
export const EXEC_ARGV = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];

/** Packs `folder`/launcher.cjs and the files `inside` of the same folder into `output`, on the runtime `node`. */
export async function pack(
  folder: string,
  node: string,
  inside: readonly string[],
  output: string,
): Promise<void> {
  // Node notes where the launcher lay, as the path says it; from pkg's temporary folder it is the same anywhere.
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
