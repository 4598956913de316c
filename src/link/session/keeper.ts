/**
 * The keeper: a small `sh` that is the parent of a session's program and outlives the link. It holds the
 * read ends of the program's output pipes, so that the program neither breaks nor loses a byte without a
 * link, and records the program's exit status.
 *
 * The keeper's descriptors:
 *   0     the program's input
 *   1, 3  write ends of the program's output and error output
 *   2     when held: the gate, where it waits for a line; end of file means start nothing
 *   4, 5  read ends of the same two pipes
 *   6     write end of the input, when it stays open
 *   7, 8  both ends of a pipe without data, whose end of file reports the end of the program
 *   9     the greeting, written when the program is about to run
 * The program itself gets 0, 1 and 2 only.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { codeOf } from '../../errno.ts';
import { makePipe, type Pipe } from '../../native/pipe.ts';
import { spawnProcess } from '../../native/spawn.ts';
import type { InheritedSettings } from './inherited-settings.ts';
import type { KeeperPids, SessionFolder } from './session-folder.ts';

/** Signals that end a process and that sh can trap. Sent to the whole group, they do not end the keeper. */
export const TRAPPED_SIGNALS: readonly number[] = [
  1, 2, 3, 6, 10, 12, 13, 14, 15, 16, 20, 21, 22, 24, 26, 27, 29, 30,
];
const TRAPPED = TRAPPED_SIGNALS.join(' ');

/** Without a link, unread output is kept for a week after the program's end. */
const UNREAD_OUTPUT_SECONDS = 604_800;
/** The same for a keeper that has got SIGTERM: the host, or the user's login, waits for its end. */
const UNREAD_OUTPUT_AFTER_TERM_SECONDS = 2;
const PIPE_BYTES = 512 * 1024;

/**
 * Keeps the input open when the link dies; exits at end of file, together with the keeper. It ignores
 * signals rather than trapping them, because only ignoring is inherited through exec.
 */
const HOLDER = `( trap '' ${TRAPPED}; exec <&8 >/dev/null 2>&1 3>&- 4<&- 5<&- 7>&- 8<&- 9>&-; PATH=/usr/bin:/bin exec cat ) &`;

/** Waits until the daemon has moved the keeper to its cgroup; the children inherit it. */
const WAIT = '( read -r _ ) <&2 || exit\nexec 2>/dev/null';

/**
 * Sets no variables, because the program would inherit them. Noclobber makes creation of the file `pid`
 * exclusive: whoever creates it first, keeper or a new link, decides whether the program starts. A
 * subshell becomes the program, because sh would otherwise print "Terminated" to the program's output. Sh
 * runs traps once the program has ended.
 */
function script({ input, held, settings }: { input: boolean } & Pick<Program, 'held' | 'settings'>): string {
  return `trap : ${TRAPPED}
rest() { PATH=/usr/bin:/bin exec sleep ${UNREAD_OUTPUT_SECONDS}; }
trap 'rest() { PATH=/usr/bin:/bin exec sleep ${UNREAD_OUTPUT_AFTER_TERM_SECONDS}; }' 15
set -C
${held ? WAIT : ''}
${input ? HOLDER : ''}
exec 6>&-
echo "$$ \${!:-0}" >"$0/pid" && echo "$$ \${!:-0}" >&9 || exit
exec 9>&-
umask 0${settings.umask.toString(8)}
ulimit -S -n ${settings.openFiles} 2>/dev/null
( exec 2>&3 3>&- 4<&- 5<&- 7>&- 8<&-; exec "$@" )
: >"$0/status.$?"
exec <&- >&- 2>&- 3>&- 7>&- 8<&-
rest`;
}

/** Descriptors of the link's ends of a keeper's pipes. */
export interface KeeperPipes {
  readonly output: number;
  readonly errors: number;
  /** Undefined when the program has ended. */
  readonly life: number | undefined;
  /** Undefined when the input is closed. */
  readonly input: number | undefined;
}

/** The program that a keeper runs. */
export interface Program {
  /** The program's absolute path, and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** A descriptor to read from, closed by `startKeeper`, or 'open' for a pipe that the link writes to. */
  readonly input: number | 'open';
  readonly settings: Pick<InheritedSettings, 'umask' | 'openFiles'>;
  /** True when the keeper waits at its gate before it runs anything. */
  readonly held: boolean;
}

export interface StartedKeeper {
  readonly pid: number;
  readonly pipes: KeeperPipes;
  /** Carries "<keeper> <holder>" as in the file `pid`, then ends; ends at once when no program is run. */
  readonly greeting: number;
  /** When held: a line written here makes the keeper continue; closing it makes the keeper exit. */
  readonly gate: number | undefined;
}

/** Starts a keeper, which starts the program. Throws when the keeper cannot be started. */
export function startKeeper(folder: SessionFolder, program: Program): StartedKeeper {
  const { command, environment, directory, settings, held } = program;
  using theirs = new DisposableStack();
  using ours = new DisposableStack();
  const owned = (stack: DisposableStack, fd: number): number => stack.adopt(fd, (it) => closeSync(it));
  const ourRead = (bytes?: number): Pipe => {
    const { read, write } = makePipe(bytes);
    return { read: owned(ours, read), write: owned(theirs, write) };
  };
  const ourWrite = (): Pipe => {
    const { read, write } = makePipe();
    return { read: owned(theirs, read), write: owned(ours, write) };
  };
  const given = program.input === 'open' ? undefined : owned(theirs, program.input);
  const output = ourRead(PIPE_BYTES);
  const errors = ourRead();
  const greeting = ourRead();
  const life = makePipe();
  for (const fd of [life.read, life.write]) owned(theirs, fd);
  const open = given === undefined ? ourWrite() : undefined;
  const gate = held ? ourWrite() : undefined;
  const devNull = owned(theirs, openSync('/dev/null', 'r+'));
  const input = open?.read ?? given ?? devNull;
  const descriptors = [input, output.write, gate?.read ?? devNull, errors.write, output.read, errors.read];
  descriptors.push(open?.write ?? devNull, life.write, life.read, greeting.write);
  // Opened again rather than duplicated: O_NONBLOCK, shared by dup(2), would break the holder's reads.
  const lifePath = `/proc/self/fd/${life.read}`;
  const ownLife = owned(ours, openSync(lifePath, constants.O_RDONLY | constants.O_NONBLOCK));
  const text = script({ input: open !== undefined, held, settings });
  const argv = ['sh', '-c', text, folder.path, ...command];
  const pid = spawnProcess({ path: '/bin/sh', argv, environment, directory, descriptors });
  ours.move(); // the caller's from here on
  const pipes = { output: output.read, errors: errors.read, life: ownLife, input: open?.write };
  return { pid, pipes, greeting: greeting.read, gate: gate?.write };
}

/** Closes the link's ends of the pipes. */
export function closePipes(pipes: KeeperPipes): void {
  for (const fd of [pipes.output, pipes.errors, pipes.life, pipes.input]) if (fd !== undefined) closeSync(fd);
}

/**
 * Opens the pipes of a keeper that another link has started (/proc/<pid>/fd, proc(5)). Throws when the
 * keeper has exited, and EMFILE; then none stays open.
 */
export function reopenKeeper(pids: KeeperPids): KeeperPipes {
  const opened: number[] = [];
  const reopen = (pid: number, fd: number, flags: number): number => {
    const made = openSync(`/proc/${pid}/fd/${fd}`, flags | constants.O_NONBLOCK);
    opened.push(made);
    return made;
  };
  try {
    const output = reopen(pids.keeper, 4, constants.O_RDONLY);
    const errors = reopen(pids.keeper, 5, constants.O_RDONLY);
    const life = unlessClosed(() => reopen(pids.keeper, 8, constants.O_RDONLY));
    const input =
      pids.holder > 0 ? unlessClosed(() => reopen(pids.holder, 6, constants.O_WRONLY)) : undefined;
    return { output, errors, life, input };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
}

/** Errors that say nothing about the pipe that was to be opened. */
const EXHAUSTED: readonly (string | undefined)[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

/** Returns undefined when the pipe has been closed. Throws when that cannot be told: without descriptors. */
function unlessClosed(open: () => number): number | undefined {
  try {
    return open();
  } catch (error) {
    if (EXHAUSTED.includes(codeOf(error))) throw error;
    return undefined;
  }
}
