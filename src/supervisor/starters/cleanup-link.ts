/**
 * Ends sessions whose user has no link, or none that answers: by a process of that user that the server
 * starts for this alone, also when the account is locked. It gets no token and starts no program. What it
 * says is the word of a process of that user, as a link's is.
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalUser, gidsOf, userByUid } from '../../accounts/user-database.ts';
import { KeyedQueue } from '../../async/keyed-queue.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import type { Log } from '../../log/log.ts';
import type { SessionRow } from '../../store/schema.ts';
import { hasStarted } from '../../system/has-started.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import type { CleanedUp } from '../lifecycle/end-session.ts';
import { CleanupAnswers } from './cleanup-answers.ts';
import { END_COMMAND, JOIN_CGROUP, sudoCommand } from './sudo.ts';

/** Time beyond the grace period: killing takes up to 10 seconds, taking over the output 2. */
const MARGIN_MS = 15_000;
/** Runs a command as another user, with util-linux's options (setpriv(1)). */
const SETPRIV = '/usr/bin/setpriv';
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
  readonly cgroups: Pick<CgroupTree, 'withNewLink'> | undefined;
  readonly log: Pick<Log, 'warn'>;
}

type EndedSession = Pick<SessionRow, 'id' | 'uid' | 'linux_user'>;

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
        this.#options.log.warn(
          { err: error, linuxUser },
          'cannot end the sessions of a user whose link does not answer',
        );
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
      const answers = await talk([...JOIN_CGROUP, joinFile, ...command], ids, graceMs);
      await whole.end(0);
      return answers;
    });
  }

  /** Returns undefined when the server may start no process for this user. */
  async #commandFor({ uid, linux_user: name }: EndedSession): Promise<readonly string[] | undefined> {
    const { ownProgram, runFolder, usesSudo } = this.#options;
    const own = [...ownProgram, 'link', '--end-sessions', '--run', runFolder];
    const serverUid = process.getuid?.();
    if (serverUid === uid) return own;
    if (serverUid === 0) return [...(await asAccount(uid)), ...own];
    // A name that has been given to another account since is not passed to sudo.
    if (!usesSudo() || (await canonicalUser(name))?.uid !== uid) return undefined;
    return sudoCommand({ name, uid }, END_COMMAND);
  }
}

/** Returns the words that run a command of root as another account; none of them is taken for a name. */
async function asAccount(uid: number): Promise<string[]> {
  const account = await userByUid(uid);
  const groups = account && (await gidsOf(account)).map((gid) => `+${gid}`).join(',');
  const ofAccount = groups === undefined ? '--clear-groups' : `--groups=${groups}`;
  return [SETPRIV, `--reuid=+${uid}`, `--regid=+${account?.gid ?? NOGROUP}`, ofAccount];
}

/**
 * Asks the process to end the sessions; returns what it says of each in time. Throws when it cannot start, or
 * says what it was not asked for.
 */
async function talk(
  [program = '', ...argv]: readonly string[],
  ids: readonly string[],
  graceMs: number,
): Promise<ReadonlyMap<string, CleanedUp>> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const child = spawn(program, argv, { cwd: '/', env, stdio: ['pipe', 'pipe', 'ignore'] });
  await hasStarted(child);
  const done = new AbortController();
  const late = delay(graceMs + MARGIN_MS, undefined, { signal: done.signal, ref: false });
  try {
    child.on('error', () => {}).stdin.on('error', () => {}); // it has exited
    for (const [at, sessionId] of ids.entries())
      child.stdin.write(
        encodeFrame({
          request: at + 1,
          body: { $case: 'end', value: { sessionId, graceMilliseconds: graceMs } },
        }),
      );
    child.stdin.end();
    const answers = new CleanupAnswers(ids);
    await Promise.race([answers.from(child.stdout), late]);
    return answers.received;
  } finally {
    done.abort();
    late.catch(() => {});
    child.stdout.destroy();
    child.kill('SIGKILL');
  }
}
