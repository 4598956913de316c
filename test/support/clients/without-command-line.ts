/** Does over the wire what a story needs but is not about: no program is started for it. */
import { type Client, connect } from '../../../src/client/connect/connect.ts';
import { followSession } from '../../../src/client/follow-session.ts';
import { Stream } from '../../../src/generated/latchkey/v1/session.ts';
import type { TestDaemon } from '../server/daemon.ts';

export interface Ran {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns a client with `token`; without one, with that of the local administrator. */
export function clientOf({ runFolder }: TestDaemon, token?: string): Promise<Client> {
  return connect({ run: runFolder, env: {}, ...(token === undefined ? { localAdmin: true } : { token }) });
}

/** Starts a program; resolves with the id of its session. Throws the server's error. */
export async function started({ sessions }: Client, ...command: string[]): Promise<string> {
  const { session } = await sessions.startSession({ command: command.map((word) => Buffer.from(word)) });
  return session?.id ?? '';
}

/** Runs a program to its end. Throws the server's error. */
export async function ran(client: Client, ...command: string[]): Promise<Ran> {
  return ended(client, await started(client, ...command));
}

/** Resolves with all that a session has printed, once it has ended. */
export async function ended({ sessions }: Client, sessionId: string): Promise<Ran> {
  const printed = { stdout: '', stderr: '' };
  const { exitStatus } = await followSession(sessions, {
    sessionId,
    offset: 0,
    onOutput: ({ stream, data }) => {
      printed[stream === Stream.STDERR ? 'stderr' : 'stdout'] += Buffer.from(data).toString();
    },
  });
  return { status: exitStatus, ...printed };
}
