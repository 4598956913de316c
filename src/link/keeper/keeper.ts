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
 * The program itself gets 0, 1 and 2 only. With a terminal they are different: see terminal-keeper.ts.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { codeOf } from '../../errno.ts';
import { makePipe } from '../../native/pipe.ts';
import { spawnProcess } from '../../native/spawn.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import { findProcess, type ProcessEntry } from '../processes/processes.ts';
import type { InheritedSettings } from '../session/inherited-settings.ts';
import type { KeeperPids, SessionFolder } from '../session/session-folder.ts';
import { type KeeperSteps, type OpenedPipes, PipeEnds } from './keeper-parts.ts';
import { openTerminalPipes, terminalSteps } from './terminal-keeper.ts';

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
function script({ input, terminal, held, settings }: Program): string {
  const { begin, greet, enter, leave } = terminal === undefined ? pipeSteps(input) : terminalSteps(TRAPPED);
  return `trap : ${TRAPPED}
rest() { PATH=/usr/bin:/bin exec sleep ${UNREAD_OUTPUT_SECONDS}; }
trap 'rest() { PATH=/usr/bin:/bin exec sleep ${UNREAD_OUTPUT_AFTER_TERM_SECONDS}; }' 15
set -C
${held ? WAIT : ''}
${begin}
echo "${greet}" >"$0/pid" && echo "${greet}" >&9 || exit
exec 9>&-
umask 0${settings.umask.toString(8)}
ulimit -S -n ${settings.openFiles} 2>/dev/null
( ${enter} 4<&- 7>&- 8<&-; exec "$@" )
: >"$0/status.$?"
${leave}
exec <&- >&- 2>&- 3>&- 7>&- 8<&-
rest`;
}

function pipeSteps(input: Program['input']): KeeperSteps {
  const begin = `${input === 'open' ? HOLDER : ''}\nexec 6>&-`;
  return { begin, greet: '$$ $' + '{!:-0}', enter: 'exec 2>&3 3>&- 5<&-', leave: '' };
}

/** Descriptors of the link's ends of a keeper's pipes. */
export interface KeeperPipes {
  readonly output: number;
  /** Undefined when the program runs in a terminal. */
  readonly errors: number | undefined;
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
  /** Set when the program runs in a terminal of this size. */
  readonly terminal?: TerminalSize | undefined;
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
  const { command, environment, directory, terminal, held } = program;
  using theirs = new DisposableStack();
  using ours = new DisposableStack();
  const ends = new PipeEnds(ours, theirs);
  const given = program.input === 'open' ? undefined : ends.theirs(program.input);
  const greeting = ends.ourRead();
  const life = makePipe();
  for (const fd of [life.read, life.write]) ends.theirs(fd);
  const gate = held ? ends.ourWrite() : undefined;
  const devNull = ends.theirs(openSync('/dev/null', 'r+'));
  const { descriptors: first, ...pipes } =
    terminal === undefined ? openPipes(ends, given, devNull) : openTerminalPipes(ends, terminal);
  const descriptors = [...first, life.write, life.read, greeting.write];
  descriptors[2] = gate?.read ?? devNull;
  // Opened again rather than duplicated: O_NONBLOCK, shared by dup(2), would break the holder's reads.
  const lifePath = `/proc/self/fd/${life.read}`;
  const ownLife = ends.ours(openSync(lifePath, constants.O_RDONLY | constants.O_NONBLOCK));
  const argv = ['sh', '-c', script(program), folder.path, ...command];
  const pid = spawnProcess({ path: '/bin/sh', argv, environment, directory, descriptors });
  ours.move(); // the caller's from here on
  return { pid, pipes: { ...pipes, life: ownLife }, greeting: greeting.read, gate: gate?.write };
}

function openPipes(ends: PipeEnds, given: number | undefined, devNull: number): OpenedPipes {
  const output = ends.ourRead(PIPE_BYTES);
  const errors = ends.ourRead();
  const open = given === undefined ? ends.ourWrite() : undefined;
  const input = open?.read ?? given ?? devNull;
  const descriptors = [input, output.write, devNull, errors.write, output.read, errors.read];
  descriptors.push(open?.write ?? devNull);
  return { descriptors, output: output.read, errors: errors.read, input: open?.write };
}

/** Closes the link's ends of the pipes. */
export function closePipes(pipes: KeeperPipes): void {
  for (const fd of [pipes.output, pipes.errors, pipes.life, pipes.input]) if (fd !== undefined) closeSync(fd);
}

/**
 * Opens the pipes of a keeper that another link has started (/proc/<pid>/fd, proc(5)). Throws when the
 * keeper has exited, and EMFILE; then none stays open.
 */
export function reopenKeeper({ keeper, helpers }: KeeperPids, terminal = false): KeeperPipes {
  const opened: number[] = [];
  const reopen = (pid: number, fd: number, flags: number): number => {
    const made = openSync(`/proc/${pid}/fd/${fd}`, flags | constants.O_NONBLOCK);
    opened.push(made);
    return made;
  };
  try {
    const output = reopen(keeper, 4, constants.O_RDONLY);
    const errors = terminal ? undefined : reopen(keeper, 5, constants.O_RDONLY);
    const life = unlessClosed(() => reopen(keeper, 8, constants.O_RDONLY));
    const [holder] = helpers;
    const input =
      holder === undefined ? undefined : unlessClosed(() => reopen(holder, 6, constants.O_WRONLY));
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

/** Returns the keeper's process. Closes the pipes when it cannot be read, for example without descriptors. */
export function findKeeper({
  pids,
  pipes,
}: {
  readonly pids: KeeperPids;
  readonly pipes: KeeperPipes;
}): ProcessEntry | undefined {
  try {
    return findProcess(pids.keeper);
  } catch (error) {
    closePipes(pipes);
    throw error;
  }
}
