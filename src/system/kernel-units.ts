/** The units that /proc counts in. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

export interface KernelUnits {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** getauxval(3) */
const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;
const ENTRY_BYTES = 16;

let known: KernelUnits | undefined;

/**
 * Returns the units from this process's auxiliary vector, or the most common values when it cannot be
 * read.
 */
export function kernelUnits(): KernelUnits {
  known ??= readUnits();
  return known;
}

function readUnits(): KernelUnits {
  const values = new Map<bigint, number>();
  for (const [name, value] of auxiliaryVector()) values.set(name, Number(value));
  return { pageBytes: values.get(AT_PAGESZ) ?? 4096, ticksPerSecond: values.get(AT_CLKTCK) ?? 100 };
}

/** Pairs of machine words (proc_pid_auxv(5)). */
function* auxiliaryVector(): Generator<[name: bigint, value: bigint]> {
  let bytes: Buffer;
  try {
    bytes = readFileSync('/proc/self/auxv');
  } catch {
    return;
  }
  const word = (at: number): bigint =>
    endianness() === 'LE' ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) yield [word(at), word(at + 8)];
}
