import { execFileSync } from 'node:child_process';

/**
 * What makes V8's compiled form the same each time: hashes of names do not vary, nothing is forgotten or moved for
 * want of memory, and no other compiler leaves its marks, which it would do whenever it gets done.
 */
export const STEADY = [
  '--hash-seed=1',
  '--no-flush-bytecode',
  '--initial-old-space-size=2000',
  '--no-sparkplug',
  '--no-maglev',
  '--no-opt',
];

/** What gives the flags that the steady ones change, or imply, their usual values: V8 compares them. */
export function usualFlags(node: string): string[] {
  const flags = (given: readonly string[]): string[] =>
    execFileSync(node, [...given, '--print-flag-values', '-e', '0'], { encoding: 'utf8' }).split('\n');
  const steady = new Set(flags(STEADY));
  return flags([]).filter((flag) => !steady.has(flag));
}
