/**
 * `--end-sessions`: ends sessions of this account for the server, where no link of the account can: none
 * runs, or it does not answer, and a locked account gets no other. Registers nothing, has no token, and
 * starts no program; whoever runs this by hand ends sessions of their own. Reads End frames from standard
 * input, and writes Exited and Ended frames to standard output. A session that is not answered is not known
 * to have ended.
 */
import { buffer } from 'node:stream/consumers';
import { DONE } from '../../exit-status.ts';
import type { Ended, Exited } from '../../generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../link-protocol/frames.ts';
import type { Body } from '../../link-protocol/protocol.ts';
import { setDumpable } from '../../native/process.ts';
import { readServerFile } from '../../system/local-server.ts';
import { openTrustedFolder } from '../../system/trusted-folder.ts';
import { type Account, ownAccount } from '../account/account.ts';
import { endProcesses } from '../processes/end-processes.ts';
import { USUAL_OPEN_FILES } from '../processes/open-files.ts';
import { Sessions } from '../session/sessions.ts';
import { SessionsDir } from '../session/sessions-dir.ts';

/** Ends the sessions that standard input names. Throws UNREACHABLE without a server. */
export async function endSessions(run: string): Promise<number> {
  setDumpable(false);
  process.umask(0o077);
  const sessions = openSessions(run);
  const asked = new FrameDecoder().push(await buffer(process.stdin));
  await Promise.all(
    asked.map(async ({ request, body }) => {
      if (body?.$case !== 'end') return;
      const { sessionId, graceMilliseconds } = body.value;
      const ended = await endOne(sessions, sessionId, graceMilliseconds).catch(() => undefined);
      if (ended !== undefined) answer({ $case: 'ended', value: ended }, request);
    }),
  );
  return DONE;
}

function answer(body: Body, request: number): void {
  process.stdout.write(encodeFrame({ request, body }));
}

/** Sessions whose exit the server has been told: the server takes each answer once. */
const told = new Set<string>();

function answerExited(value: Exited): void {
  if (told.has(value.sessionId)) return;
  told.add(value.sessionId);
  answer({ $case: 'exited', value }, 0);
}

/** Returns undefined where this account has no folder of sessions: a deleted account has no home. */
function openSessions(run: string): Sessions | undefined {
  try {
    using folder = openTrustedFolder(run);
    const account: Account = ownAccount();
    const sessionsDir = new SessionsDir(account, readServerFile(folder)?.serverId ?? '');
    const ignore = (): void => {};
    const startsNone = { umask: 0o077, openFiles: USUAL_OPEN_FILES, variables: () => ({}) };
    return new Sessions(account, sessionsDir, startsNone, {
      exited: answerExited,
      warning: ignore,
      idle: ignore,
    });
  } catch {
    return undefined;
  }
}

async function endOne(sessions: Sessions | undefined, id: string, graceMs: number): Promise<Ended> {
  const [state] = (await sessions?.adopt([id])) ?? [];
  if (sessions !== undefined && state !== undefined && state.exited === undefined)
    return sessions.end(id, graceMs);
  if (state?.exited !== undefined) answerExited(state.exited);
  // What the session's program has left, by its mark; without a folder, there may be more that carries none.
  const marked = { id, keeper: undefined, helpers: [], hasProgramEnded: () => true, open: () => undefined };
  const ended = await endProcesses(marked, graceMs);
  return { sessionId: id, ...ended, incomplete: ended.incomplete || state === undefined };
}
