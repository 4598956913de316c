/** What the program says of itself, without lines that are broken to fit a terminal. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCli } from '../../src/cli/main.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const WIDE = 10_000;

/** Roles that print a help of their own. */
const ROLES: ReadonlySet<string> = new Set(['serve', 'link', 'doctor']);

/** The output of `latchkey ARGUMENT...`, which must succeed. */
export async function said(...argv: string[]): Promise<string> {
  if (ROLES.has(argv[0] ?? ''))
    return execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...argv], {
      encoding: 'utf8',
    });
  const stdout = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: WIDE });
  const stderr = new PassThrough({ encoding: 'utf8' });
  const stdin = new PassThrough().end();
  const status = await runCli(argv, { stdin, stdout, stderr, env: {}, now: Date.now });
  if (status !== 0) throw new Error(`latchkey ${argv.join(' ')}: ${stderr.read()}`);
  return stdout.read();
}
