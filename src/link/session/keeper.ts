/**
 * The keeper: a small `sh` that is the parent of a session's program and outlives the link. It
 * holds the read ends of the program's output pipes, so that the program neither breaks nor loses
 * a byte while no link is there, and it notes the program's exit status.
 *
 * Its descriptors: 0 the program's input, 1 its output, 3 its error output (write ends);
 * 4 and 5 the read ends of the same two; 6 the write end of the input, when it stays open;
 * 7 and 8 both ends of a pipe that carries nothing and tells by its end that the program is over;
 * 9 where it says, at first, that the program is being run; 2, when it is held, where it waits for a line before
 * that, and gives up when there is none. The program itself gets 0, 1 and 2 only.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { makePipe } from '../../native/pipe.ts';
import { spawnProcess } from '../../native/spawn.ts';
import type { KeeperPids, SessionFolder } from './session-folder.ts';

/** Signals that end a process and that sh can trap: sent to the whole group, they leave the keeper alone. */
export const TRAPPED_SIGNALS: readonly number[] = [
  1, 2, 3, 6, 10, 12, 13, 14, 15, 16, 20, 21, 22, 24, 26, 27, 29, 30,
];
const TRAPPED = TRAPPED_SIGNALS.join(' ');

/** How long unread output is kept after the program's end when no link comes: a week. */
const PATIENCE_SECONDS = 604_800;
/**
 * Node raises its own soft limit to the hard one; programs get back what Linux gives them: some try
 * each descriptor.
 */
const OPEN_FILES = 1024;
const PIPE_BYTES = 512 * 1024;

/**
 * Keeps the input open when the link dies; ends by itself, on end of file, with the keeper.
 * Here signals are ignored rather than trapped: that is inherited through exec.
 */
const HOLDER = `( trap '' ${TRAPPED}; exec <&8 >/dev/null 2>&1 3>&- 4<&- 5<&- 7>&- 8<&- 9>&-; PATH=/usr/bin:/bin exec cat ) &`;

/** Everything the keeper starts comes after it, and so is where the keeper has been put. */
const WAIT = '( read -r _ ) <&2 || exit\nexec 2>/dev/null';

/**
 * No variable is set, for the program would inherit it. Noclobber makes the file `pid`
 * exclusively: whoever makes it first, keeper or a new link, decides whether the program starts.
 * A subshell becomes the program, since sh would otherwise print "Terminated" where that prints.
 */
function script({ input, held, umask }: { input: boolean; held: boolean; umask: number }): string {
  return `trap : ${TRAPPED}
set -C
${held ? WAIT : ''}
${input ? HOLDER : ''}
exec 6>&-
echo "$$ \${!:-0}" >"$0/pid" && echo "$$ \${!:-0}" >&9 || exit
exec 9>&-
umask 0${umask.toString(8)}
ulimit -S -n ${OPEN_FILES} 2>/dev/null
( exec 2>&3 3>&- 4<&- 5<&- 7>&- 8<&-; exec "$@" )
: >"$0/status.$?"
exec <&- >&- 2>&- 3>&- 7>&- 8<&-
PATH=/usr/bin:/bin exec sleep ${PATIENCE_SECONDS}`;
}

/** The link's ends of a keeper's pipes: descriptors. */
export interface KeeperPipes {
  readonly output: number;
  readonly errors: number;
  /** Absent when the program is over. */
  readonly life: number | undefined;
  /** When the input stays open. */
  readonly input: number | undefined;
}

/** What to run. */
export interface Program {
  /** An absolute path, and the arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** A descriptor to read from, which is closed here; or 'open' for a pipe that the link writes to. */
  readonly input: number | 'open';
  /** What the program's umask is to be. */
  readonly umask: number;
  /** Whether the keeper waits at its gate before it runs anything. */
  readonly held: boolean;
}

/** A keeper just started. */
export interface StartedKeeper {
  readonly pid: number;
  readonly pipes: KeeperPipes;
  /** Gives "<keeper> <holder>", as in the file `pid`, and ends; or ends at once when nothing is run. */
  readonly greeting: number;
  /** Where a line lets it go on, when it is held; closed, it runs nothing. */
  readonly gate: number | undefined;
}

/** Starts a keeper, which starts the program. Throws when not even the keeper can be started. */
export function startKeeper(folder: SessionFolder, program: Program): StartedKeeper {
  const [output, errors, life, greeting] = [makePipe(PIPE_BYTES), makePipe(), makePipe(), makePipe()];
  const open = program.input === 'open' ? makePipe() : undefined;
  const input = open?.read ?? Number(program.input);
  const nothing = openSync('/dev/null', 'r+');
  const gate = program.held ? makePipe() : undefined;
  const descriptors = [input, output.write, gate?.read ?? nothing, errors.write, output.read, errors.read];
  descriptors.push(open?.write ?? nothing, life.write, life.read, greeting.write);
  const { command, environment, directory, umask, held } = program;
  const words = ['sh', '-c', script({ input: open !== undefined, held, umask }), folder.path, ...command];
  // Opened anew: the link reads without blocking, and what dup(2) shares would make the holder's read fail.
  const ownLife = openSync(`/proc/self/fd/${life.read}`, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipes = { output: output.read, errors: errors.read, life: ownLife, input: open?.write };
  try {
    const pid = spawnProcess({ path: '/bin/sh', words, environment, directory, descriptors });
    return { pid, pipes, greeting: greeting.read, gate: gate?.write };
  } catch (error) {
    closePipes(pipes);
    closeSync(greeting.read);
    if (gate) closeSync(gate.write);
    throw error;
  } finally {
    const theirs = [input, output.write, nothing, errors.write, life.write, life.read, greeting.write];
    for (const fd of theirs) closeSync(fd);
    if (gate) closeSync(gate.read);
  }
}

/** Closes the link's ends. */
export function closePipes(pipes: KeeperPipes): void {
  for (const fd of [pipes.output, pipes.errors, pipes.life, pipes.input]) if (fd !== undefined) closeSync(fd);
}

/**
 * Opens the pipes of a keeper that another link has started (proc(5), /proc/<pid>/fd). Throws when the
 * keeper is gone.
 */
export function reopenKeeper(pids: KeeperPids): KeeperPipes {
  const output = reopen(pids.keeper, 4, constants.O_RDONLY);
  try {
    const errors = reopen(pids.keeper, 5, constants.O_RDONLY);
    const life = attempt(() => reopen(pids.keeper, 8, constants.O_RDONLY));
    const input = pids.holder > 0 ? attempt(() => reopen(pids.holder, 6, constants.O_WRONLY)) : undefined;
    return { output, errors, life, input };
  } catch (error) {
    closeSync(output);
    throw error;
  }
}

function reopen(pid: number, fd: number, flags: number): number {
  return openSync(`/proc/${pid}/fd/${fd}`, flags | constants.O_NONBLOCK);
}

function attempt(open: () => number): number | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}
