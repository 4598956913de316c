/** Pipes, and moving bytes from pipes to files within the kernel. */
import { checked, errno, libc, systemError } from './libc.ts';

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const EAGAIN = 11;
const EINTR = 4;
const NULL = 0n;

/** Descriptors of both ends, closed on exec. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/**
 * Makes a pipe (pipe(7)). `bytes` is the wanted capacity; a user beyond the system's limits gets the
 * default.
 */
export function makePipe(bytes?: number): Pipe {
  const ends = Buffer.alloc(8);
  checked('pipe2', libc.pipe2(ends, O_CLOEXEC));
  const pipe = { read: ends.readInt32LE(0), write: ends.readInt32LE(4) };
  if (bytes !== undefined) setPipeCapacity(pipe.write, bytes);
  return pipe;
}

/** Makes a pipe hold `bytes` bytes; without effect for a user beyond the system's limits, and for a file. */
export function setPipeCapacity(fd: number, bytes: number): void {
  libc.fcntl(fd, F_SETPIPE_SZ, bytes);
}

/**
 * Moves up to `length` bytes from a pipe to offset `offset` of a file, without waiting for the pipe
 * (splice(2)). Bytes that have been moved are in the file and out of the pipe, even if the process dies.
 * Returns the number of bytes, 'empty' when there are none now, 'end' when no process can write any more.
 * Throws an error with `code`, for example ENOSPC; the bytes then stay in the pipe.
 */
export function splice(from: number, to: number, offset: number, length: number): number | 'empty' | 'end' {
  const position = Buffer.alloc(8);
  position.writeBigInt64LE(BigInt(offset));
  const flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  const moved = Number(libc.splice(from, NULL, to, position, BigInt(length), flags));
  if (moved > 0) return moved;
  if (moved === 0) return 'end';
  const number = errno();
  if (number === EAGAIN || number === EINTR) return 'empty';
  throw systemError('splice', number);
}

/** Frees the disk space of a part of a file, which then reads as zeros (fallocate(2)). */
export function punchHole(fd: number, offset: number, length: number): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  checked('fallocate', libc.fallocate(fd, mode, BigInt(offset), BigInt(length)));
}
