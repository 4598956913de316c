/**
 * What makes V8's compiled form the same each time: hashes of names do not vary, nothing is forgotten, and no
 * other compiler leaves its marks.
 */
export const STEADY = ['--hash-seed=1', '--no-flush-bytecode', '--no-sparkplug'];

/** The same flags as they are in the packaged program, which V8 compares. */
export const USUAL = ['--hash-seed=0', '--flush-bytecode', '--sparkplug'];
