/** The state of the kernel's clock. */
import { checked, libc } from './libc.ts';

/**
 * Size of struct timex on 64-bit machines. Its first member is `modes`; 0 there makes the call read-only.
 */
const BYTES = 208;
const STATUS_AT = 40;
const STA_UNSYNC = 0x40;

/**
 * Returns true when the clock is synchronised, for example by NTP (adjtimex(2)). Throws EPERM when a
 * sandbox forbids the call.
 */
export function isClockSynchronised(): boolean {
  const timex = Buffer.alloc(BYTES);
  checked('adjtimex', libc.adjtimex(timex));
  return (timex.readInt32LE(STATUS_AT) & STA_UNSYNC) === 0;
}
