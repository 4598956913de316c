/** Settings of a terminal that Node's raw mode leaves as they are (termios(3)). */
import { checked, libc } from './libc.ts';

/** Size of `struct termios` of glibc in bytes; `c_oflag` is its second 32-bit word. */
const TERMIOS_BYTES = 60;
const C_OFLAG_OFFSET = 4;
const OPOST = 1;
const TCSADRAIN = 1;

/**
 * Has the terminal of `fd` show what is written to it as it is: without this, a line feed also returns the
 * carriage. Throws ENOTTY.
 */
export function setRawOutput(fd: number): void {
  const settings = Buffer.alloc(TERMIOS_BYTES);
  checked('tcgetattr', libc.tcgetattr(fd, settings));
  settings.writeUInt32LE((settings.readUInt32LE(C_OFLAG_OFFSET) & ~OPOST) >>> 0, C_OFLAG_OFFSET);
  checked('tcsetattr', libc.tcsetattr(fd, TCSADRAIN, settings));
}
