/** A disk that can really be filled: a small tmpfs in a mount name space of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SCRIPT = `
  mount -t tmpfs -o size="$1"m,mode=0700 none "$2" || exit 77
  shift
  exec "$0" --disable-warning=ExperimentalWarning "$2" "$1"
`;

/** Returns why a test with a small disk cannot run here; undefined when it can. */
export async function whyNoSmallDisk(): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'only root can mount a small disk';
  return run('unshare', ['-m', 'true']).then(
    () => undefined,
    () => 'mount name spaces are not allowed here',
  );
}

/**
 * Runs the module at `module` in a process of its own, with `folder` as its argument, where it finds a disk
 * of `mebibytes`. Returns what it printed, parsed as JSON. The disk is gone with the process.
 */
export async function onSmallDisk(module: URL, folder: string, mebibytes: number): Promise<unknown> {
  const args = ['-m', 'sh', '-c', SCRIPT, process.execPath, `${mebibytes}`, folder, fileURLToPath(module)];
  const { stdout } = await run('unshare', args, { timeout: 20_000 });
  return JSON.parse(stdout);
}
