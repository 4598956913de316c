/** The host's end of a copy, in a session of its own. */
import { sessionsById } from '../../client/session-selection.ts';
import { sessionStreams } from '../../client/session-streams.ts';
import { Channel } from '../../copy/channel.ts';
import { broken, COPY_VERSION } from '../../copy/protocol.ts';
import { COPY_PROGRAM } from '../../entry/copy-program.ts';
import { AppError, isAppError, type Reason } from '../../errors.ts';
import { durationOf } from '../../values/duration.ts';
import { bytesOf } from '../../values/raw-text.ts';
import type { Copy } from './job.ts';

const END_TIMEOUT_MS = 3000;
/** Answers of EndSession after which there is nothing left to end. */
const ENDED: readonly Reason[] = ['NOT_FOUND', 'SESSION_ENDED'];
/** Failures after which nobody can be asked to end the session. */
const CONNECTION_LOST: readonly Reason[] = ['UNAVAILABLE', 'UNREACHABLE', 'LINK_LOST'];

/**
 * Starts the host's end, and does `work` with it. When `work` fails, the session is ended, and `lost` names
 * it if that is not possible: it may still write to the same files, so that the next call ends it first.
 */
export async function withHostEnd(
  copy: Copy,
  lost: Set<string>,
  work: (channel: Channel) => Promise<void>,
): Promise<void> {
  const { sessions } = await copy.run.client();
  const id = await start(copy, lost);
  try {
    for (const other of lost) {
      await endSession(copy, other);
      lost.delete(other);
    }
    await using channel = new Channel(sessionStreams(sessions, id, copy.signal));
    await greet(channel, copy);
    await work(channel);
    await ended(channel);
  } catch (error) {
    lost.add(id);
    if (!isAppError(error) || !CONNECTION_LOST.includes(error.reason))
      await endSession(copy, id).then(
        () => lost.delete(id),
        () => {}, // without a client, it ends within half a minute
      );
    throw error;
  }
}

async function start({ run, isUpload, sources, target, signal }: Copy, lost: Set<string>): Promise<string> {
  const words = isUpload ? ['receive', target] : ['send', ...sources];
  const command = [COPY_PROGRAM, ...words].map(bytesOf);
  const { sessions } = await run.client();
  try {
    const { session } = await sessions.startSession({ command, input: true, attach: true }, { signal });
    if (session === undefined) throw new AppError('INTERNAL', 'the server answered without a session');
    return session.id;
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { sessionId } = error.details;
    if (error.reason === 'LINK_LOST' && sessionId !== undefined) lost.add(sessionId); // it may run
    throw error.reason === 'START_FAILED' && error.message.includes(COPY_PROGRAM) ? tooOld() : error;
  }
}

async function endSession({ run }: Copy, id: string): Promise<void> {
  const { sessions } = await run.client();
  const request = { selection: sessionsById([id]), grace: durationOf(0) };
  try {
    await sessions.endSession(request, { timeoutMs: END_TIMEOUT_MS });
  } catch (error) {
    if (!isAppError(error) || !ENDED.includes(error.reason)) throw error;
  }
}

/** Says what is to be copied, and waits until the host's end is ready. */
async function greet(channel: Channel, copy: Copy): Promise<void> {
  const { preserve, resume, recursive, isUpload, names, tally } = copy;
  const value = {
    version: COPY_VERSION,
    preserve,
    resume,
    recursive,
    names: isUpload ? [...names] : [],
    after: tally.after && { source: tally.after.source, names: [...tally.after.names] },
  };
  await channel.send({ $case: 'job', value });
  const answer = await channel.next();
  if (answer.$case !== 'ready') throw broken(`it sent ${answer.$case} first`);
  if (answer.value.version !== COPY_VERSION) throw tooOld();
}

/** Waits until the host's end has ended: a connection that is closed drops what is still under way. */
async function ended(channel: Channel): Promise<void> {
  try {
    while (true) await channel.next();
  } catch {
    // Everything has been copied, whatever has become of the session.
  }
}

function tooOld(): AppError {
  return new AppError(
    'START_FAILED',
    "the host's Latchkey cannot copy files with this one; update the older",
  );
}
