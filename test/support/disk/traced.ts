/** Traces what a program does with files (strace(1)). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

const CALLS = 'fsync,fdatasync,write,pwrite64,writev,pwritev,rename,renameat,renameat2,link,linkat';
/** A call on a descriptor, with the path that strace adds to it. */
const ON_DESCRIPTOR = /^(\w+)\(\d+<(\/[^>]*)>.*\) += \d/;
/** A call that gives a file another name. */
const NAMED = /^(rename|link)\w*\(.*"(\/[^"]+)".*"(\/[^"]+)".*\) += 0/;
/** Random part of the name of a temporary file (atomic-file.ts). */
const RANDOM = /\.[0-9a-f]{16}(?=\.tmp$)/;

/** Returns why no program can be traced on this host; undefined when one can. */
export function whyNoTracing(): string | undefined {
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs permission to trace processes with strace';
  }
}

/**
 * Runs a module and returns what it does in `folder`, in order: "write a", "sync a", "rename a b" or
 * "link a b", where the folder itself is ".". Several writes in sequence are one.
 */
export function fileOperations(folder: string, module: string): string[] {
  const own = mkdtempSync(join(tmpdir(), 'latchkey-trace-'));
  try {
    const trace = join(own, 'trace');
    const node = [process.execPath, '--no-warnings', '--input-type=module', '--eval', module];
    const options = ['-y', '-qq', '-s', '0', '-e', `trace=${CALLS}`, '-o', trace];
    execFileSync('strace', [...options, ...node], { stdio: ['ignore', 'ignore', 'inherit'] });
    const seen = readFileSync(trace, 'latin1')
      .split('\n')
      .flatMap((line) => operationOf(line, folder));
    return seen.filter((one, at) => one !== seen[at - 1]);
  } finally {
    rmSync(own, { recursive: true });
  }
}

function operationOf(line: string, folder: string): string[] {
  const [, verb = '', from = '', to = ''] = NAMED.exec(line) ?? [];
  if (dirname(to) === folder) return [`${verb} ${shortened(from)} ${shortened(to)}`];
  const [, call = '', path = ''] = ON_DESCRIPTOR.exec(line) ?? [];
  if (path !== folder && dirname(path) !== folder) return [];
  return [`${call.endsWith('sync') ? 'sync' : 'write'} ${relative(folder, path).replace(RANDOM, '') || '.'}`];
}

function shortened(path: string): string {
  return basename(path).replace(RANDOM, '');
}

/**
 * Returns the files that were complete on the disk before they had their name, and whose name was on the disk
 * before another one was given.
 */
export function durablyPut(operations: readonly string[]): string[] {
  return operations.flatMap((operation, at) => {
    if (!isPut(operation)) return [];
    const [, from = '', to = ''] = operation.split(' ');
    const before = operations.slice(0, at);
    const after = operations.slice(at + 1);
    const next = after.findIndex(isPut);
    const isSynced = before.lastIndexOf(`sync ${from}`) > before.lastIndexOf(`write ${from}`);
    return isSynced && after.slice(0, next < 0 ? undefined : next).includes('sync .') ? [to] : [];
  });
}

function isPut(operation: string): boolean {
  return /^(rename|link) /.test(operation);
}
