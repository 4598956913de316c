/** Runs before each test file: one that blocks its process, which no timeout of a test can end, is killed. */
import ffi from 'node:ffi';

/** Longer than any program takes that a test waits for without letting other code run. */
const BLOCKED_SECONDS = Number(process.env.BLOCKED_SECONDS ?? 300);
const BEAT_MS = 1_000;

/** alarm(2) ends the process by SIGALRM, whatever it does then; a thread or a process costs more to start. */
const { functions: libc } = ffi.dlopen(null, { alarm: { arguments: ['uint32'], return: 'uint32' } });

libc.alarm(BLOCKED_SECONDS);
setInterval(() => libc.alarm(BLOCKED_SECONDS), BEAT_MS).unref();
