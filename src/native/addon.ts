/** Loads a native addon from memory, so that there is no file that somebody could replace. */
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
 * Loads an addon from its bytes through an anonymous file (memfd_create(2)), which also works where no
 * writable folder allows execution. Returns its exports.
 */
export function loadAddon(name: string, bytes: Uint8Array): unknown {
  // Never closed: the dynamic linker identifies libraries by path, and would take a later addon with the same
  // number in /proc/self/fd for this one.
  const fd = anonymousFile(name);
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
  checked('fcntl', libc.fcntl(fd, F_ADD_SEALS, EVERY_SEAL));
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, `/proc/self/fd/${fd}`, constants.dlopen.RTLD_NOW);
  return module.exports;
}

/**
 * Asks for a file that cannot be executed, as vm.memfd_noexec may demand; Linux before 6.3 does not know
 * the flag.
 */
function anonymousFile(name: string): number {
  const create = (flags: number): number => libc.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
  const fd = create(MFD_NOEXEC_SEAL);
  return checked('memfd_create', fd === -1 && errno() === EINVAL ? create(0) : fd);
}
