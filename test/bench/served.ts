/** The built daemon, people's links, and our own clients. */

import { type Client, connect } from '../../src/client/connect/connect.ts';
import { bytesOf } from '../../src/values/raw-text.ts';
import type { Account, Run } from '../support/account.ts';
import { TestDaemon } from '../support/server/daemon.ts';

/** Starts a daemon with its default log. Its state is in memory, unless `state` names a folder. */
export function startDaemon(config: Record<string, unknown> = {}, state?: string): Promise<TestDaemon> {
  const whole = { log: { format: 'json', level: 'info' }, ...config };
  return TestDaemon.start({ config: whole, ...(state !== undefined && { state }) });
}

/** Returns the project's own client with `token`, by default the local administrator's. */
export function clientOf(daemon: TestDaemon, token?: string): Promise<Client> {
  const env = { HOME: daemon.folder };
  return connect({ run: daemon.runFolder, env, ...(token === undefined ? { localAdmin: true } : { token }) });
}

export interface Linked {
  readonly run: Run;
  readonly token: string;
}

/** Starts a link of `account`; resolves with its token when it is ready. */
export async function linkOf(daemon: TestDaemon, account: Account): Promise<Linked> {
  const run = await daemon.link(account, '--print-token');
  const [token] = await run.printed(/^eyJ[\w.-]+$/m);
  return { run, token };
}

/** Runs a command until it has ended and all its output has been read. */
export async function runCommand({ sessions }: Client, command: readonly string[]): Promise<void> {
  const { session } = await sessions.startSession({ command: command.map(bytesOf) });
  const events = sessions.readOutput({ sessionId: session?.id ?? '', offset: 0, follow: true });
  for await (const { event } of events) if (event?.$case === 'exited') return;
  throw new Error(`${command.join(' ')} did not end`);
}
