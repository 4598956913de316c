/**
 * build.ts [FOLDER [VERSION]]: builds dist/latchkey, or FOLDER/latchkey, the whole program in one file:
 * Node, the code of every role with V8's code cache, SQLite's addon and the licences. The same commit
 * gives the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import about from '../package.json' with { type: 'json' };
import { bundle, bundles, type Origin, SQLITE } from './bundle.ts';
import { makeCodeCache } from './code-cache.ts';
import { withoutDebugInformation } from './elf.ts';
import { licenses } from './licenses.ts';
import { EXEC_ARGV, pack } from './pack.ts';

const root = dirname(import.meta.dirname);
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const folder = join(dist, 'parts');
const output = join(dist, 'latchkey');

rmSync(dist, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const node = join(folder, 'node');
const original = readFileSync(join(root, `node_modules/node-linux-${process.arch}/bin/node`));
writeFileSync(node, withoutDebugInformation(original), { mode: 0o755 });

const contents = await bundle(folder, { ...commit(), version: process.argv[3] ?? about.version });
writeFileSync(join(folder, 'licenses.txt'), licenses(contents));
copyFileSync(join(root, 'build/package/sudoers'), join(folder, 'sudoers'));
copyFileSync(SQLITE, join(folder, basename(SQLITE)));
await makeCodeCache(folder, node, EXEC_ARGV);

const code = bundles.flatMap((name) => [`${name}.cjs`, `${name}.cache`]);
await pack(folder, node, [...code, basename(SQLITE), 'licenses.txt', 'sudoers'], output);
rmSync(folder, { recursive: true });
process.stdout.write(`${output}: ${(statSync(output).size / 1e6).toFixed(1)} MB\n`);

/** Returns the commit that is checked out; "unknown" for a copy without its history. */
function commit(): Pick<Origin, 'commit' | 'committedAtSeconds'> {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  try {
    const id = git('rev-parse', '--short=12', 'HEAD');
    const committedAtSeconds = Number(git('show', '--no-patch', '--format=%ct', 'HEAD'));
    const isModified = git('status', '--porcelain') !== '';
    return { commit: isModified ? `${id}-modified` : id, committedAtSeconds };
  } catch {
    return { commit: 'unknown', committedAtSeconds: 0 };
  }
}
