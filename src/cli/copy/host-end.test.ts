import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Channel } from '../../copy/channel.ts';
import { AppError } from '../../errors.ts';
import { Stream } from '../../generated/latchkey/v1/session.ts';
import type { Run } from '../run.ts';
import { withHostEnd } from './host-end.ts';
import type { Copy } from './job.ts';
import { Tally } from './tally.ts';

/** Answers of a host whose end has this version. */
interface Host {
  readonly version?: number;
  readonly startFails?: AppError;
  /** Printed on standard error instead of an answer, before it ends. */
  readonly prints?: string;
}

/** Returns a job for a server that is not there, and what it was asked. */
function jobFor({ version = 1, startFails, prints }: Host): { job: Copy; asked: string[] } {
  const asked: string[] = [];
  const input = new PassThrough();
  const output = new PassThrough();
  const host = new Channel({ write: async (bytes) => void output.write(bytes), chunks: input });
  async function* responses() {
    if (prints !== undefined) {
      yield {
        event: { $case: 'output', value: { offset: 0, stream: Stream.STDERR, data: Buffer.from(prints) } },
      };
      yield { event: { $case: 'exited', value: { exitStatus: 2 } } };
      return;
    }
    await host.next();
    await host.send({ $case: 'ready', value: { version } });
    for await (const data of output)
      yield { event: { $case: 'output', value: { offset: 0, stream: Stream.STDOUT, data } } };
  }
  const sessions = {
    startSession: async ({ command }: { command: Buffer[] }) => {
      asked.push(`start ${command.join(' ')}`);
      if (startFails !== undefined) throw startFails;
      return { session: { id: 's2' } };
    },
    endSession: async ({ selection }: { selection: { value: { ids: string[] } } }) => {
      asked.push(`end ${selection.value.ids.join()}`);
      throw new AppError('SESSION_ENDED', 'the session has ended');
    },
    attachSession: () => ({
      responses: responses(),
      send: async ({ request }: { request: { $case: string; value: Buffer } }) => {
        if (request.$case === 'input') input.write(request.value);
      },
      cancel: () => {},
      end: () => {},
    }),
  };
  const run = { client: async () => ({ sessions }) } as unknown as Run;
  const ends = { isUpload: true, sources: ['a'], target: 'b', names: [Buffer.from('a')] };
  const options = { recursive: false, preserve: false, resume: false };
  const { signal } = new AbortController();
  return { job: { run, ...ends, ...options, tally: new Tally(), signal }, asked };
}

it('of a host without this command says which side to update', async () => {
  const startFails = new AppError('START_FAILED', 'latchkey:copy: no such program in PATH (/bin)');
  await expect(withHostEnd(jobFor({ startFails }).job, new Set(), async () => {})).rejects.toThrow(
    "the host's Latchkey cannot copy files with this one; update the older",
  );
});

it('of another version is told apart, and its session is ended', async () => {
  const { job, asked } = jobFor({ version: 2 });
  const lost = new Set<string>();
  await expect(withHostEnd(job, lost, async () => {})).rejects.toThrow(/update the older/);
  expect(asked).toEqual(['start latchkey:copy receive b', 'end s2']);
  expect([...lost]).toEqual([]);
});

it('that ends at once gives its reason', async () => {
  const { job } = jobFor({ prints: 'latchkey: the variable HOME is not UTF-8\n' });
  await expect(withHostEnd(job, new Set(), async () => {})).rejects.toMatchObject({
    reason: 'SESSION_ENDED',
    message: 'latchkey: the variable HOME is not UTF-8',
  });
});

it('is only used once those that were lost have been ended', async () => {
  const { job, asked } = jobFor({});
  const lost = new Set(['s1']);
  const failure = new AppError('UNAVAILABLE', 'lost');
  const work = withHostEnd(job, lost, async () => {
    asked.push('work');
    throw failure;
  });
  await expect(work).rejects.toBe(failure);
  expect(asked).toEqual(['start latchkey:copy receive b', 'end s1', 'work']);
  expect([...lost]).toEqual(['s2']);
});

it('that may have been started by a link that was lost is ended the next time', async () => {
  const details = { sessionId: 's1' };
  const startFails = new AppError('LINK_LOST', 'the link was lost', { details });
  const lost = new Set<string>();
  await expect(withHostEnd(jobFor({ startFails }).job, lost, async () => {})).rejects.toBe(startFails);
  expect([...lost]).toEqual(['s1']);
});
