/**
 * Programs that are started while the daemon is being killed: short ones, and ones that stay and have
 * children.
 */

import { setTimeout as delay } from 'node:timers/promises';
import {
  type Session,
  SessionState,
  StartSessionRequest,
  StartSessionResponse,
} from '../../../src/generated/latchkey/v1/session.ts';
import { bytesOf } from '../../../src/values/raw-text.ts';
import type { Random } from '../../support/run/random.ts';
import type { Rpc } from '../../support/server/rpc.ts';
import { until } from '../until.ts';
import type { Administrator } from './administrator.ts';
import { markedProcesses } from './processes.ts';

const EXIT_STATUS = 3;
const SHORT = `echo short; exit ${EXIT_STATUS}`;
const LASTING = 'setsid sleep 1000 & exec sleep 1000';

/** Reasons for which a start may fail while the server is being killed; undefined when it did not answer. */
const EXCUSED: ReadonlySet<string | undefined> = new Set([
  undefined,
  'UNAVAILABLE',
  'LINK_LOST',
  'LINK_REQUIRED',
  'STORE_UNAVAILABLE',
]);

/**
 * Starts `script`; returns undefined unless the server acknowledged that it runs. Throws when it was refused
 * for a reason that a kill does not explain.
 */
export async function startScript(rpc: Rpc, token: string, script: string): Promise<Session | undefined> {
  const request = StartSessionRequest.fromPartial({ command: ['sh', '-c', script].map(bytesOf) });
  const bytes = StartSessionRequest.encode(request).finish();
  const answer = await rpc.unary('/latchkey.v1.SessionService/StartSession', bytes, token);
  const { response, reason, message } = answer;
  if (!EXCUSED.has(reason)) throw new Error(`a start was refused: ${reason}, ${message}`);
  return response && StartSessionResponse.decode(response).session;
}

interface Started {
  readonly id: string;
  readonly lasting: boolean;
}

export class ProgramsAtWork {
  /** Number of acknowledged starts that have ended as they should. */
  checked = 0;
  readonly #random: Random;
  readonly #tokens: readonly string[];
  readonly #kept: ReadonlySet<string>;
  #started: Started[] = [];

  /** Starts programs with one of `tokens`; `kept` are other sessions that keep running. */
  constructor(random: Random, tokens: readonly string[], kept: readonly string[]) {
    this.#random = random;
    this.#tokens = tokens;
    this.#kept = new Set(kept);
  }

  /** Starts one program after the other, until `over`. */
  async work(rpc: Rpc, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const lasting = this.#random.chance(0.3);
      const token = this.#random.of(this.#tokens) ?? '';
      const session = await startScript(rpc, token, lasting ? LASTING : SHORT);
      if (session !== undefined) this.#started.push({ id: session.id, lasting });
      await delay(this.#random.between(10, 100));
    }
  }

  /**
   * Checks that programs with an acknowledged start have ended as they should or still run, that no process
   * is in an unknown session, and that long-running ones can be ended with all their children.
   */
  async check(administrator: Administrator): Promise<void> {
    for (const started of this.#started)
      await until('session', async () => complaint(started, await administrator.session(started.id)));
    await until('orphans', async () => unknownProcesses(await this.#running(administrator)));
    for (const id of await this.#running(administrator))
      if (!this.#kept.has(id)) await end(administrator, id);
    await until('processes', async () => unknownProcesses(this.#kept));
    this.checked += this.#started.length;
    this.#started = [];
  }

  /** Checks that no session is left but `kept`, even of starts without an answer. */
  async checkEnd(administrator: Administrator): Promise<void> {
    for (const state of [SessionState.STARTING, SessionState.RUNNING])
      await until('unended sessions', async () => {
        const others = (await administrator.sessions(state)).filter(({ id }) => !this.#kept.has(id));
        return others.map(({ id }) => `${id} is ${state}`).join('\n');
      });
  }

  async #running(administrator: Administrator): Promise<Set<string>> {
    const ids = new Set((await administrator.sessions(SessionState.RUNNING)).map(({ id }) => id));
    for (const id of this.#kept) if (!ids.has(id)) throw new Error(`session ${id} is lost`);
    return ids;
  }
}

function complaint({ id, lasting }: Started, session: Session | undefined): string {
  const { state, exitStatus } = session ?? {};
  if (lasting && state === SessionState.RUNNING) return '';
  if (!lasting && state === SessionState.ENDED && exitStatus === EXIT_STATUS) return '';
  return `${lasting ? 'lasting' : 'short'} ${id}: ${JSON.stringify(session)}`;
}

/** Describes processes of sessions other than these. */
function unknownProcesses(known: ReadonlySet<string>): string {
  const strange = markedProcesses().filter(({ sessionId }) => !known.has(sessionId));
  return strange.map(({ pid, sessionId, command }) => `${pid} of ${sessionId}: ${command}`).join('\n');
}

async function end(administrator: Administrator, sessionId: string): Promise<void> {
  const receipt = await administrator.endSession(sessionId);
  if (receipt?.survivors.length !== 0) throw new Error(`session ${sessionId}: ${JSON.stringify(receipt)}`);
}
