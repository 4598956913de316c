import { execFileSync } from 'node:child_process';

/**
 * V8 flags that make the code cache reproducible: hashes of names do not vary, nothing is dropped or
 * moved for lack of memory, and no optimising compiler runs, whose results would depend on timing.
 */
export const STEADY = [
  '--hash-seed=1',
  '--no-flush-bytecode',
  '--initial-old-space-size=2000',
  '--no-sparkplug',
  '--no-maglev',
  '--no-opt',
];

/**
 * Returns the flags that reset everything that STEADY changes or implies to its usual value: V8 compares
 * flags when it loads a cache.
 */
export function usualFlags(node: string): string[] {
  const flags = (given: readonly string[]): string[] =>
    execFileSync(node, [...given, '--print-flag-values', '-e', '0'], { encoding: 'utf8' }).split('\n');
  const steady = new Set(flags(STEADY));
  return flags([]).filter((flag) => !steady.has(flag));
}
