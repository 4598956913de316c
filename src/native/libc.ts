/**
 * The libc calls that Node has no function for, through Node's experimental `node:ffi`. Only this room
 * uses ffi. A failed call throws an error with the errno's name as `code`. Nothing here keeps state or
 * blocks.
 */
import { getSystemErrorName } from 'node:util';

type Ffi = typeof import('node:ffi');

/**
 * Returns node:ffi without its warning that it is experimental, since the packaged runtime is pinned.
 * Other warnings are still emitted.
 */
export function loadFfi(): Ffi {
  const emit = process.emitWarning;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).includes('FFI')) Reflect.apply(emit, process, [warning, ...rest]);
  };
  try {
    const ffi: Ffi | undefined = process.getBuiltinModule('node:ffi');
    if (ffi === undefined) throw new Error('this Node has no node:ffi; version 26 is required');
    return ffi;
  } finally {
    process.emitWarning = emit;
  }
}

const ffi = loadFfi();

/** Signatures for 64-bit Linux; `null` names the libraries that the process is already linked with. */
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
  poll: { arguments: ['buffer', 'uint64', 'int32'], return: 'int32' },
  pipe2: { arguments: ['buffer', 'int32'], return: 'int32' },
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
  sendto: {
    arguments: ['int32', 'buffer', 'uint64', 'int32', 'buffer', 'uint32'],
    return: 'int64',
  },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  splice: { arguments: ['int32', 'pointer', 'int32', 'buffer', 'uint64', 'uint32'], return: 'int64' },
  tcgetattr: { arguments: ['int32', 'buffer'], return: 'int32' },
  tcsetattr: { arguments: ['int32', 'int32', 'buffer'], return: 'int32' },
  syscall: { arguments: ['int64', 'int64', 'int64', 'int64', 'int64'], return: 'int64' },
  waitpid: { arguments: ['int32', 'buffer', 'int32'], return: 'int32' },
});

const errnoAddress = libc.__errno_location(); // of this thread

/** Returns the errno of the last call; must be read before any other call. */
export function errno(): number {
  return ffi.getInt32(errnoAddress);
}

/** Makes the error for a failed call. */
export function systemError(call: string, number = errno()): NodeJS.ErrnoException {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${call}: ${code}`), { code, errno: number, syscall: call });
}

/** Returns `result`, or throws the errno when it is -1. */
export function checked(call: string, result: number): number {
  if (result === -1) throw systemError(call);
  return result;
}
