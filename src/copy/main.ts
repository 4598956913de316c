/**
 * The host's end of a copy: `latchkey:copy send PATH...` and `latchkey:copy receive PATH`, which a link
 * starts as its user. Speaks frames on its standard input and output, and ends when its client
 * has gone.
 */
import { writeSync } from 'node:fs';
import { isAppError } from '../errors.ts';
import { DONE, FAILED, USAGE } from '../exit-status.ts';
import type { Job } from '../generated/latchkey/copy/v1/copy.ts';
import { setPipeCapacity } from '../native/pipe.ts';
import { bytesOf } from '../values/raw-text.ts';
import { Channel, type Streams } from './channel.ts';
import { broken, COPY_VERSION } from './protocol.ts';
import { receive } from './receiver.ts';
import { send } from './sender.ts';
import { Target } from './target.ts';
import { pathOf, walk } from './walk.ts';

const STDIN = 0;
const STDERR = 2;
const PRIVATE = 0o077;
/** Capacity of the input: what may be under way to a program, so that the link never waits for this one. */
const INPUT_BYTES = 256 * 1024;
/** Time without a sign of life after which the client has gone, in milliseconds. */
const SILENT_MS = 30_000;

/** Runs the role with the arguments after its name, raw text; resolves with the exit status. */
export async function runCopy([direction, ...paths]: readonly string[]): Promise<number> {
  if (!['send', 'receive'].includes(direction ?? '') || paths.length === 0) {
    writeSync(STDERR, 'latchkey: only latchkey cp starts this program\n');
    return USAGE;
  }
  await using channel = new Channel(standardStreams());
  try {
    await copy(channel, direction, paths);
    return DONE;
  } catch (error) {
    return fail(channel, isAppError(error) ? error.message : String(error));
  }
}

async function copy(
  channel: Channel,
  direction: string | undefined,
  paths: readonly string[],
): Promise<void> {
  const first = await channel.next();
  if (first.$case !== 'job') throw broken(`it sent ${first.$case} first`);
  const job = first.value;
  await channel.send({ $case: 'ready', value: { version: COPY_VERSION } });
  if (job.version !== COPY_VERSION)
    throw broken(`its version is ${job.version}, and this one is ${COPY_VERSION}`);
  await (direction === 'send' ? sendAll(channel, job, paths) : receiveAll(channel, job, paths[0] ?? ''));
}

/** Tells the client, and waits until it has gone: it would otherwise see nothing but a closed input. */
async function fail(channel: Channel, text: string): Promise<number> {
  try {
    await channel.send({ $case: 'failed', value: { text } });
    while (true) await channel.next();
  } catch {
    return FAILED;
  }
}

async function sendAll(channel: Channel, { recursive, after }: Job, paths: readonly string[]): Promise<void> {
  const sources = paths.map(bytesOf);
  await send(channel, walk({ sources, recursive, after }), {
    told: () => {},
    received: () => {},
    began: () => {},
    problem: (at, text, skipped) => {
      const path = bytesOf(pathOf(sources, at));
      void channel.send({ $case: 'problem', value: { path, text, skipped } }).catch(() => {});
    },
  });
}

async function receiveAll(channel: Channel, { names, preserve, resume }: Job, path: string): Promise<void> {
  const umask = process.umask(PRIVATE);
  using target = Target.open(path, names.length);
  await receive(
    channel,
    { target, names, preserve, resume, umask },
    { told: () => {}, received: () => {}, began: () => {}, problem: () => {} },
  );
}

/** Returns the standard streams; their input ends when the client is silent for a minute. */
function standardStreams(): Streams {
  setPipeCapacity(STDIN, INPUT_BYTES);
  const wait = (): NodeJS.Timeout =>
    setTimeout(() => process.stdin.destroy(new Error('the client has gone')), SILENT_MS);
  async function* chunks(): AsyncGenerator<Buffer> {
    let waiting = wait();
    try {
      for await (const chunk of process.stdin) {
        clearTimeout(waiting);
        yield chunk;
        waiting = wait();
      }
    } finally {
      clearTimeout(waiting);
    }
  }
  const write = (bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  return { write, chunks: chunks() };
}
