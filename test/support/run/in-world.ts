/** Runs the same command again, in a world of its own (test/support/world). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packagesFor } from '../host/packages.ts';

const world = join(import.meta.dirname, '../world');
const CANNOT = 77;

/** Resolves with the exit status. A signal that ends this process also ends the world. */
export async function inWorld(): Promise<number> {
  if (process.getuid?.() !== 0) {
    process.stderr.write('this needs root: it runs as several users, in a world of its own\n');
    return CANNOT;
  }
  const packages = packagesFor({ unshare: 'util-linux', ip: 'iproute2' }).join(' ');
  if (packages !== '') {
    process.stderr.write(`this needs ${packages}; as root: apt-get install ${packages}\n`);
    return CANNOT;
  }
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(world, argv, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => child.kill('SIGKILL'));
  const [status] = await once(child, 'exit');
  return typeof status === 'number' ? status : 1;
}
