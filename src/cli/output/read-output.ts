/** Prints a session's output raw: its standard output and standard error on those of this command. */
import { Retry } from '../../client/watch/retry.ts';
import { isAppError } from '../../errors.ts';
import { Stream } from '../../generated/latchkey/v1/session.ts';
import type { Run } from '../run.ts';
import { noteOutageOnTerminal } from '../watch/outage-notes.ts';
import { writeRaw } from './write-raw.ts';

export interface ReadOptions {
  readonly follow?: boolean;
  readonly offset?: number;
}

/** Prints from the given offset, or from the first byte that is available. */
export async function readOutput(run: Run, sessionId: string, options: ReadOptions): Promise<undefined> {
  const { follow = false } = options;
  for (let offset = options.offset ?? 0; ; ) {
    try {
      return await print(run, { sessionId, offset, follow });
    } catch (error) {
      if (!isAppError(error, 'OUTPUT_DROPPED') || options.offset !== undefined) throw error;
      const first = Number(error.details.firstOffset);
      if (!Number.isSafeInteger(first) || first <= offset) throw error;
      run.out.problem(`${first - offset} bytes of older output are not available`);
      offset = first;
    }
  }
}

async function print(
  run: Run,
  request: { readonly sessionId: string; readonly offset: number; readonly follow: boolean },
): Promise<undefined> {
  const outage = new Retry({ onProgress: (progress) => noteOutageOnTerminal(run, progress) });
  const position = { offset: request.offset };
  while (true) {
    try {
      await readOn(run, request, position, () => outage.succeeded());
      return undefined;
    } catch (error) {
      if (!request.follow || !isAppError(error)) throw error;
      await outage.wait(error);
    }
  }
}

/** Reads from `position` and advances it, so that a retry continues where the first attempt failed. */
async function readOn(
  run: Run,
  { sessionId, follow }: { readonly sessionId: string; readonly follow: boolean },
  position: { offset: number },
  onAnswer: () => void,
): Promise<void> {
  const { sessions } = await run.client();
  for await (const { event } of sessions.readOutput({ sessionId, follow, offset: position.offset })) {
    onAnswer();
    if (event?.$case !== 'output') continue;
    const { stream, data, offset } = event.value;
    position.offset = offset + data.length;
    await writeRaw(stream === Stream.STDERR ? run.io.stderr : run.io.stdout, data);
  }
}
