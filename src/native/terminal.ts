/** Terminals: both ends of a new one (pty(7)), and its size (TIOCSWINSZ(2const)). */
import { closeSync, constants, openSync } from 'node:fs';
import type { TerminalSize } from '../values/terminal-size.ts';
import { checked, loadFfi } from './libc.ts';

/** ioctl(2) is variadic: once with a pointer, once with a number. */
const { functions: withPointer } = loadFfi().dlopen(null, {
  ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' },
});
const { functions: withNumber } = loadFfi().dlopen(null, {
  ioctl: { arguments: ['int32', 'uint64', 'int64'], return: 'int32' },
});

const TCGETS = 0x5401n;
const TCSETS = 0x5402n;
const TIOCSWINSZ = 0x5414n;
const TIOCGPTPEER = 0x5441n;
const TIOCSPTLCK = 0x4004_5431n;
/** Enough for the kernel's struct termios, which begins with the input flags. */
const TERMIOS_BYTES = 64;
/** Erasing a character erases all of its bytes (termios(3)). */
const IUTF8 = 0o40000;
const O_CLOEXEC = 0o2000000;

/** Descriptors of both ends, closed on exec. The slave is the end of the programs. */
export interface Terminal {
  readonly master: number;
  readonly slave: number;
}

/**
 * Makes a terminal, which nobody has as controlling terminal yet. The slave is taken from the master and not
 * opened by its path, which another mount of devpts may hide. Throws an error with `code`, such as ENOSPC
 * when the host has no more terminals.
 */
export function openTerminal(size: TerminalSize): Terminal {
  const flags = constants.O_RDWR | constants.O_NOCTTY;
  const master = openSync('/dev/ptmx', flags);
  let slave: number | undefined;
  try {
    checked('ioctl', withPointer.ioctl(master, TIOCSPTLCK, Buffer.alloc(4)));
    slave = checked('ioctl', withNumber.ioctl(master, TIOCGPTPEER, BigInt(flags | O_CLOEXEC)));
    setTerminalSize(slave, size);
    eraseWholeCharacters(slave);
    return { master, slave };
  } catch (error) {
    for (const fd of [master, slave]) if (fd !== undefined) closeSync(fd);
    throw error;
  }
}

/** Sets the size; the programs in the foreground get SIGWINCH if it changes. Throws ENOTTY, EIO. */
export function setTerminalSize(fd: number, { columns, rows }: TerminalSize): void {
  const winsize = Buffer.alloc(8);
  winsize.writeUInt16LE(rows, 0);
  winsize.writeUInt16LE(columns, 2);
  checked('ioctl', withPointer.ioctl(fd, TIOCSWINSZ, winsize));
}

function eraseWholeCharacters(fd: number): void {
  const termios = Buffer.alloc(TERMIOS_BYTES);
  checked('ioctl', withPointer.ioctl(fd, TCGETS, termios));
  termios.writeUInt32LE(termios.readUInt32LE(0) | IUTF8, 0);
  checked('ioctl', withPointer.ioctl(fd, TCSETS, termios));
}
