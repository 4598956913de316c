/**
 * Copies between this host and the server's, as one of the two ends. After a lost connection another session
 * goes on after the last item.
 */
import { Retry } from '../../client/watch/retry.ts';
import type { Channel } from '../../copy/channel.ts';
import { below } from '../../copy/names.ts';
import type { Position } from '../../copy/position.ts';
import { receive } from '../../copy/receiver.ts';
import { send } from '../../copy/sender.ts';
import { Target } from '../../copy/target.ts';
import { walk } from '../../copy/walk.ts';
import { isAppError } from '../../errors.ts';
import { bytesOf, rawText } from '../../values/raw-text.ts';
import { noteOutage } from '../watch/outage-notes.ts';
import { withHostEnd } from './host-end.ts';
import type { Copy } from './job.ts';

const PRIVATE = 0o077;
/** Time to try to reconnect for a script. A person ends it with ^C. */
const SCRIPT_GIVES_UP_MS = 900_000;

/** Copies everything. Throws when the copy cannot go on; an item that cannot be copied is reported. */
export async function copy(job: Copy): Promise<void> {
  const { run, isUpload, target, sources, signal } = job;
  const umask = isUpload ? 0 : process.umask(PRIVATE);
  using local = isUpload ? undefined : Target.open(target, sources.length);
  const outage = new Retry({
    signal,
    giveUpMs: run.io.stderr.isTTY === true ? Number.POSITIVE_INFINITY : SCRIPT_GIVES_UP_MS,
    onProgress: (progress) => noteOutage(run, 'going on', progress),
  });
  const lost = new Set<string>();
  while (true) {
    try {
      return await withHostEnd(job, lost, async (channel) => {
        outage.succeeded();
        await (local === undefined ? upload(job, channel) : download(job, channel, local, umask));
      });
    } catch (error) {
      if (signal.aborted || !isAppError(error)) throw error;
      await outage.wait(error);
    }
  }
}

async function upload(job: Copy, channel: Channel): Promise<void> {
  const { tally, recursive } = job;
  const sources = job.sources.map(bytesOf);
  await send(channel, walk({ sources, recursive, after: tally.after }), {
    told: (item, outcome) => {
      const { size } = item.stats;
      if (tally.told({ ...item, size }, outcome) && outcome.problem !== '')
        report(job, pathOf(job, item), outcome.problem);
    },
    received: (bytes) => tally.received(bytes),
    problem: (at, text, skipped) => problem(job, pathOf(job, at), text, skipped),
    began: (item) => tally.began(nameOf(job, item), item.stats.size),
  });
}

async function download(job: Copy, channel: Channel, target: Target, umask: number): Promise<void> {
  const { tally, names, preserve, resume } = job;
  const options = { target, names, preserve, resume, umask };
  await receive(channel, options, {
    told: (item, outcome) => {
      if (tally.told(item, outcome) && outcome.problem !== '')
        report(job, `:${pathOf(job, item)}`, outcome.problem);
    },
    received: (bytes) => tally.received(bytes),
    problem: ({ path, text, skipped }) => problem(job, `:${rawText(path)}`, text, skipped),
    began: (item) => tally.began(nameOf(job, item), item.size),
  });
}

/** Reports an item of which a sender says that it is not copied, or not as it is. */
function problem(job: Copy, path: string, text: string, skipped: boolean): void {
  if (skipped) {
    job.tally.skipped += 1;
    job.run.out.note(`latchkey: ${path} was skipped: ${text}`);
  } else {
    job.tally.failed += 1;
    report(job, path, text);
  }
}

function report({ run }: Copy, path: string, text: string): void {
  run.out.problem(`${path}: ${text}`);
}

function pathOf({ sources }: Copy, { source, names }: Position): string {
  return below(bytesOf(sources[source] ?? ''), names);
}

/** Returns the last name of a path, for the progress. */
function nameOf(job: Copy, item: Position): string {
  return pathOf(job, item).replace(/.*\//s, '');
}
