/** Loading a native addon that is no file, so that there is none for anybody to swap. */
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { checked, errno, libc } from './libc.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_NOEXEC_SEAL = 8;
const EINVAL = 22;
const F_ADD_SEALS = 1033;
const EVERY_SEAL = 0xf; // F_SEAL_SEAL, _SHRINK, _GROW and _WRITE

/**
 * Loads the addon whose file's bytes are given, through memory that has no name (memfd_create(2)), which
 * works where no folder may be written or run from. Returns what it exports.
 */
export function loadAddon(name: string, bytes: Uint8Array): unknown {
  // Kept open for good: the dynamic linker knows what it has loaded by path, and a later addon behind
  // the same number in /proc/self/fd would be taken for this one.
  const fd = unnamedFile(name);
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
  checked('fcntl', libc.fcntl(fd, F_ADD_SEALS, EVERY_SEAL));
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, `/proc/self/fd/${fd}`, constants.dlopen.RTLD_NOW);
  return module.exports;
}

/** Not to be run as a program, which is what some hosts demand (vm.memfd_noexec) and Linux before 6.3 cannot say. */
function unnamedFile(name: string): number {
  const create = (flags: number): number => libc.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
  const fd = create(MFD_NOEXEC_SEAL);
  return checked('memfd_create', fd === -1 && errno() === EINVAL ? create(0) : fd);
}
