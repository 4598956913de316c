/**
 * Runs before each test file: random choices follow the run's seed, and a file that blocks its process, which
 * no timeout of a test can end, is killed.
 */
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { SEED } from './seed.ts';

fc.configureGlobal({ seed: SEED });

/** Longer than any program takes that a test waits for without letting other code run. */
const BLOCKED_MS = 300_000;
const BEAT_MS = 1_000;

const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
setInterval(() => {
  Atomics.add(beats, 0, 1);
  Atomics.notify(beats, 0);
}, BEAT_MS).unref();

const WATCH = `
const { beats, blockedMs, pid } = require('node:worker_threads').workerData;
while (Atomics.wait(beats, 0, Atomics.load(beats, 0), blockedMs) !== 'timed-out');
require('node:fs').writeSync(2, 'a test has blocked its process for ' + blockedMs / 1000 + ' s\\n');
process.kill(pid, 'SIGKILL');
`;
new Worker(WATCH, { eval: true, workerData: { beats, blockedMs: BLOCKED_MS, pid: process.pid } }).unref();
