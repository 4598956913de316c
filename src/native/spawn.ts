/**
 * Starts a program without copying this process first: posix_spawn(3) shares memory until the exec, where
 * Node's spawn forks (0.3 ms against 3 ms in a link). The caller must reap the new process.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { bytesOf, hasRawBytes } from '../values/raw-text.ts';
import { cStrings } from './c-strings.ts';
import { checked, loadFfi } from './libc.ts';

const ffi = loadFfi();

const { functions: libc } = ffi.dlopen(null, {
  fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  posix_spawn: { arguments: ['buffer', 'string', 'buffer', 'buffer', 'buffer', 'buffer'], return: 'int32' },
  posix_spawn_file_actions_adddup2: { arguments: ['buffer', 'int32', 'int32'], return: 'int32' },
  posix_spawn_file_actions_destroy: { arguments: ['buffer'], return: 'int32' },
  posix_spawn_file_actions_init: { arguments: ['buffer'], return: 'int32' },
  posix_spawnattr_destroy: { arguments: ['buffer'], return: 'int32' },
  posix_spawnattr_init: { arguments: ['buffer'], return: 'int32' },
  posix_spawnattr_setflags: { arguments: ['buffer', 'int32'], return: 'int32' },
  posix_spawnattr_setsigdefault: { arguments: ['buffer', 'buffer'], return: 'int32' },
  posix_spawnattr_setsigmask: { arguments: ['buffer', 'buffer'], return: 'int32' },
});

const F_DUPFD_CLOEXEC = 1030;
/** Enough for glibc's posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336 bytes). */
const STRUCT_BYTES = 512;
const SIGSET_BYTES = 128;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

/** Keeps buffers alive that only native pointers refer to during a call. */
const keptAlive: Buffer[] = [];

/** The program to start. Arguments, variables and the directory are raw text (values/raw-text.ts). */
export interface NewProcess {
  /** The program's absolute path; `argv[0]` is the name under which it is run. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** The new process's descriptors 0, 1, 2 and so on. Others are passed on unless they are close-on-exec. */
  readonly descriptors: readonly number[];
}

/**
 * Starts the program in a process session of its own (setsid(2)), with all signals at their defaults.
 * Returns its pid. Throws an error with `code` when the directory cannot be entered or the program not
 * executed.
 */
export function spawnProcess(process_: NewProcess): number {
  const actions = Buffer.alloc(STRUCT_BYTES);
  const attributes = Buffer.alloc(STRUCT_BYTES);
  const pid = Buffer.alloc(4);
  const argv = cStrings(process_.argv);
  const environment = cStrings(
    Object.entries(process_.environment).map(([name, value]) => `${name}=${value}`),
  );
  // Duplicated above 0, 1, 2, ..., which are overwritten one after the other.
  const count = process_.descriptors.length;
  const sources: number[] = [];
  libc.posix_spawn_file_actions_init(actions);
  libc.posix_spawnattr_init(attributes);
  try {
    for (const fd of process_.descriptors)
      sources.push(checked('fcntl', libc.fcntl(fd, F_DUPFD_CLOEXEC, count)));
    changeDirectory(process_.directory);
    for (const [target, fd] of sources.entries()) libc.posix_spawn_file_actions_adddup2(actions, fd, target);
    libc.posix_spawnattr_setflags(attributes, SETSID | SETSIGDEF | SETSIGMASK);
    libc.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(SIGSET_BYTES, 0xff));
    libc.posix_spawnattr_setsigmask(attributes, Buffer.alloc(SIGSET_BYTES));
    keptAlive.push(...argv.texts, ...environment.texts);
    const { path } = process_;
    const error = libc.posix_spawn(pid, path, actions, attributes, argv.pointers, environment.pointers);
    if (error !== 0) throw spawnError(error);
    return pid.readInt32LE(0);
  } finally {
    keptAlive.length = 0;
    process.chdir('/');
    for (const fd of sources) libc.close(fd);
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
  }
}

/** Changes to a directory by its bytes, which process.chdir cannot. */
function changeDirectory(directory: string): void {
  if (!hasRawBytes(directory)) {
    process.chdir(directory);
    return;
  }
  const fd = openSync(bytesOf(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    process.chdir(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function spawnError(number: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`posix_spawn: ${code}`), { code, errno: number, syscall: 'posix_spawn' });
}
