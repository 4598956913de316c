/**
 * The few calls of libc that Node has no function for, through Node's experimental `node:ffi`.
 * Promises that this room alone knows about ffi, and that a failed call throws an error with the
 * errno's name as `code`; nothing here keeps state or waits.
 */
import { getSystemErrorName } from 'node:util';

type Ffi = typeof import('node:ffi');

/**
 * node:ffi without the warning that it is experimental; the packaged runtime is pinned. Other warnings
 * stay.
 */
export function loadFfi(): Ffi {
  const emit = process.emitWarning;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).includes('FFI')) Reflect.apply(emit, process, [warning, ...rest]);
  };
  try {
    const ffi: Ffi | undefined = process.getBuiltinModule('node:ffi');
    if (ffi === undefined) throw new Error('this Node has no node:ffi; version 26 is needed');
    return ffi;
  } finally {
    process.emitWarning = emit;
  }
}

const ffi = loadFfi();

/** Signatures for Linux on 64-bit machines; `null` is what the process is already linked with. */
export const { functions: libc } = ffi.dlopen(null, {
  __errno_location: { arguments: [], return: 'pointer' },
  adjtimex: { arguments: ['buffer'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  fallocate: { arguments: ['int32', 'int32', 'int64', 'int64'], return: 'int32' },
  fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  flock: { arguments: ['int32', 'int32'], return: 'int32' },
  getsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'buffer'], return: 'int32' },
  malloc_trim: { arguments: ['uint64'], return: 'int32' },
  memfd_create: { arguments: ['string', 'uint32'], return: 'int32' },
  pipe2: { arguments: ['buffer', 'int32'], return: 'int32' },
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
  sendto: {
    arguments: ['int32', 'buffer', 'uint64', 'int32', 'buffer', 'uint32'],
    return: 'int64',
  },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  splice: { arguments: ['int32', 'pointer', 'int32', 'buffer', 'uint64', 'uint32'], return: 'int64' },
  waitpid: { arguments: ['int32', 'buffer', 'int32'], return: 'int32' },
});

const errnoAddress = libc.__errno_location(); // of this thread

/** The errno of the call just made; read it before anything else. */
export function errno(): number {
  return ffi.getInt32(errnoAddress);
}

/** What a failed call throws. */
export function systemError(call: string, number = errno()): NodeJS.ErrnoException {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${call}: ${code}`), { code, errno: number, syscall: call });
}

/** Passes a result on, or throws what errno says when it is -1. */
export function checked(call: string, result: number): number {
  if (result === -1) throw systemError(call);
  return result;
}
