/**
 * Ends sessions whose user has no link, or none that answers: by a process of that user that the server
 * starts for this alone, also when the account is locked. It gets no token and starts no program. What it
 * says is the word of a process of that user, as a link's is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalUser, userByUid } from '../../accounts/user-database.ts';
import { KeyedQueue } from '../../async/keyed-queue.ts';
import { encodeFrame, FrameDecoder } from '../../link-protocol/frames.ts';
import type { Log } from '../../log/log.ts';
import type { SessionRow } from '../../store/schema.ts';
import { hasStarted } from '../../system/has-started.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import { bounded } from '../connection/bounded-frame.ts';
import { statusOf } from '../connection/output-reader.ts';
import type { CleanedUp } from '../lifecycle/end-session.ts';
import { END_COMMAND, JOIN_CGROUP, sudoCommand } from './sudo.ts';

/** Time beyond the grace period: killing takes up to 10 seconds, taking over the output 2. */
const MARGIN_MS = 15_000;
/** Group of a process for an account that has been deleted. */
const NOGROUP = 65534;
/** Sessions that are asked for within this time share one process. */
const GATHER_MS = 10;

export interface CleanupLinkOptions {
  /** This program's own command line, without a role. */
  readonly ownProgram: readonly string[];
  /** The server's run folder. */
  readonly runFolder: string;
  /** Returns true when sudo may start links now. */
  readonly usesSudo: () => boolean;
  readonly cgroups: CgroupTree | undefined;
  readonly log: Pick<Log, 'warn'>;
}

type EndedSession = Pick<SessionRow, 'id' | 'uid' | 'linux_user'>;

/** A command line, and who it runs as; the server's own user by default. */
interface Command {
  readonly argv: readonly string[];
  readonly identity?: { readonly uid: number; readonly gid: number };
}

/** The sessions of one user that are to be ended by one process. */
interface Batch {
  readonly ids: Set<string>;
  readonly answers: Promise<ReadonlyMap<string, CleanedUp>>;
}

export class CleanupLink {
  readonly #options: CleanupLinkOptions;
  readonly #turns = new KeyedQueue<number>();
  /** The batches that more sessions can join, by uid and grace period. */
  readonly #gathering = new Map<string, Batch>();

  constructor(options: CleanupLinkOptions) {
    this.#options = options;
  }

  /** Ends a session; undefined when no process can be started for its user, or it does not answer. */
  async end(session: EndedSession, graceMs: number): Promise<CleanedUp | undefined> {
    const key = `${session.uid} ${graceMs}`;
    const batch = this.#gathering.get(key) ?? this.#newBatch(key, session, graceMs);
    batch.ids.add(session.id);
    return (await batch.answers).get(session.id);
  }

  #newBatch(key: string, session: EndedSession, graceMs: number): Batch {
    const ids = new Set<string>();
    const answers = this.#turns.run(session.uid, async () => {
      await delay(GATHER_MS);
      this.#gathering.delete(key);
      try {
        return await this.#run(session, [...ids], graceMs);
      } catch (error) {
        const { linux_user: linuxUser } = session;
        this.#options.log.warn({ err: error, linuxUser }, 'cannot start a link to end sessions');
        return new Map<string, CleanedUp>();
      }
    });
    const batch = { ids, answers };
    this.#gathering.set(key, batch);
    return batch;
  }

  async #run(
    session: EndedSession,
    ids: readonly string[],
    graceMs: number,
  ): Promise<ReadonlyMap<string, CleanedUp>> {
    const command = await this.#commandFor(session);
    if (command === undefined) return new Map();
    const { cgroups } = this.#options;
    if (cgroups === undefined) return talk(command, ids, graceMs);
    return cgroups.withNewLink(session.uid, async ({ joinFile, whole }) => {
      const argv = [...JOIN_CGROUP, joinFile, ...command.argv];
      const answers = await talk({ ...command, argv }, ids, graceMs);
      await whole.end(0);
      return answers;
    });
  }

  /** Returns undefined when the server may start no process for this user. */
  async #commandFor({ uid, linux_user: name }: EndedSession): Promise<Command | undefined> {
    const { ownProgram, runFolder, usesSudo } = this.#options;
    const own = [...ownProgram, 'link', '--end-sessions', '--run', runFolder];
    const serverUid = process.getuid?.();
    if (serverUid === uid) return { argv: own };
    if (serverUid === 0) {
      const gid = (await userByUid(uid))?.gid ?? NOGROUP; // uid's own number may be another group
      return { argv: own, identity: { uid, gid } };
    }
    // A name that has been given to another account since is not passed to sudo.
    if (!usesSudo() || (await canonicalUser(name))?.uid !== uid) return undefined;
    return { argv: sudoCommand({ name, uid }, END_COMMAND) };
  }
}

/** Asks the process to end the sessions; returns what it says of each in time. */
async function talk(
  { argv: [program = '', ...words], identity }: Command,
  ids: readonly string[],
  graceMs: number,
): Promise<ReadonlyMap<string, CleanedUp>> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const child = spawn(program, words, { cwd: '/', env, stdio: ['pipe', 'pipe', 'ignore'], ...identity });
  await hasStarted(child);
  const answers = new Answers();
  const done = new AbortController();
  const late = delay(graceMs + MARGIN_MS, undefined, { signal: done.signal, ref: false });
  try {
    child.stdin.on('error', () => {}); // it has exited
    for (const [at, sessionId] of ids.entries())
      child.stdin.write(
        encodeFrame({
          request: at + 1,
          body: { $case: 'end', value: { sessionId, graceMilliseconds: graceMs } },
        }),
      );
    child.stdin.end();
    await Promise.race([answers.from(child), late]);
    return answers.about(ids);
  } finally {
    done.abort();
    late.catch(() => {});
    child.stdout.destroy();
    child.kill('SIGKILL');
  }
}

/** Collects the frames of the process, which is its user's: malformed ones end the collection. */
class Answers {
  readonly #frames = new FrameDecoder();
  readonly #ended = new Map<string, CleanedUp['ended']>();
  readonly #statuses = new Map<string, number | undefined>();

  /**
   * Resolves when the process has closed its output, or has sent something malformed. Throws when it cannot
   * start.
   */
  from(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.stdout?.once('close', resolve).on('data', (chunk: Buffer) => {
        try {
          for (const { body } of this.#frames.push(chunk)) if (body) this.#hear(bounded(body));
        } catch {
          resolve();
        }
      });
    });
  }

  about(ids: readonly string[]): ReadonlyMap<string, CleanedUp> {
    return new Map(
      ids.flatMap((id) => {
        const ended = this.#ended.get(id);
        return ended === undefined ? [] : [[id, { ended, status: this.#statuses.get(id) }]];
      }),
    );
  }

  #hear(body: ReturnType<typeof bounded>): void {
    if (body.$case === 'ended') this.#ended.set(body.value.sessionId, body.value);
    if (body.$case === 'exited') this.#statuses.set(body.value.sessionId, statusOf(body.value.status).status);
  }
}
