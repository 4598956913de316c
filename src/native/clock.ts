/** What the kernel knows about its clock. */
import { checked, libc } from './libc.ts';

/** struct timex on 64-bit machines: `modes` comes first, and 0 there only asks. */
const BYTES = 208;
const STATUS_AT = 40;
const STA_UNSYNC = 0x40;

/** Whether something keeps the clock right (adjtimex(2)). Throws EPERM where a sandbox forbids to ask. */
export function isClockSynchronised(): boolean {
  const timex = Buffer.alloc(BYTES);
  checked('adjtimex', libc.adjtimex(timex));
  return (timex.readInt32LE(STATUS_AT) & STA_UNSYNC) === 0;
}
