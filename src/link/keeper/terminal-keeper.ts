/**
 * A keeper whose program runs in a terminal, as far as it differs. The terminal outlives the link because two
 * helpers of the keeper, small `cat` processes, move its bytes: nobody can open the master of a terminal
 * again, but the next link can open their pipes again.
 *
 * The keeper's descriptors, where they are others than in keeper.ts:
 *   0     the slave, which the keeper opens again, so that the terminal becomes its controlling terminal
 *   1, 4  both ends of the output's pipe
 *   3     the master
 *   5, 6  both ends of the input's pipe
 * The keeper itself keeps 0 and 4: once no process has the slave open, the helper that reads the master is
 * told so (EIO), and exits; with it goes the write end of the input that it holds open, and so the other
 * helper. With both the master is closed, which the keeper hears as SIGHUP.
 */
import { openTerminal } from '../../native/terminal.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import type { KeeperSteps, OpenedPipes, PipeEnds } from './keeper-parts.ts';

export function openTerminalPipes(ends: PipeEnds, size: TerminalSize): OpenedPipes {
  const terminal = openTerminal(size);
  const slave = ends.theirs(terminal.slave);
  const master = ends.theirs(terminal.master);
  const output = ends.ourRead();
  const input = ends.ourWrite();
  const descriptors = [slave, output.write, slave, master, output.read, input.read, input.write];
  return { descriptors, output: output.read, errors: undefined, input: input.write };
}

/**
 * Returns the steps of the keeper's script; the helpers ignore the signals `ignored`, which the terminal
 * sends to the keeper's group. Positional parameters hold the pids, because the program would inherit
 * variables.
 */
export function terminalSteps(ignored: string): KeeperSteps {
  const helper = (redirections: string): string =>
    `( trap '' ${ignored}; exec ${redirections} 2>/dev/null 3>&- 4<&- 5<&- 7>&- 8<&- 9>&-; PATH=/usr/bin:/bin exec cat ) &`;
  const begin = `exec <>/proc/self/fd/0
${helper('<&5 >&3 6>&-')}
set -- "$!" "$@"
${helper('<&3')}
set -- "$$ $! $1" "$@"
exec >&0 3>&- 5<&- 6>&-`;
  return { begin, greet: '$1', enter: 'shift 2; exec 2>&1', leave: "trap '' 1" };
}
