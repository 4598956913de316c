/**
 * Bounds what a link's frames contain. A link is a process of its user, so it is not trusted: larger
 * numbers than the kernel has would not fit into the API's messages, and a pid of 0 or below would mean whole
 * process groups to somebody who passes it to kill(1).
 */
import type { Ended, Mark, Marks } from '../../generated/latchkey/link/v1/link.ts';
import { type Body, MAX_SURVIVORS } from '../../link-protocol/protocol.ts';
import { isTerminalSize } from '../../values/terminal-size.ts';

/** Largest pid of the kernel, and with it the most processes (PID_MAX_LIMIT, proc(5)). */
const PID_MAX = 2 ** 22;
/** The last millisecond of the year 9999 (timestamp.proto). */
const LATEST_MS = 253_402_300_799_999;
const MAX_VARIABLE = 256;

/**
 * Returns a frame's content with pids that the kernel can have, or 0, and with counts of at most 2^22
 * processes, and at most 100 survivors for each session; with times that a timestamp can have, sizes that a
 * terminal can have, and variables of at most 256 characters.
 */
export function bounded(body: Body): Body {
  switch (body.$case) {
    case 'hello':
      return { $case: body.$case, value: withPid(body.value) };
    case 'held':
      return { $case: body.$case, value: withPid(body.value) };
    case 'started':
      return { $case: body.$case, value: withPid(body.value) };
    case 'sessions':
      return { $case: body.$case, value: { sessions: body.value.sessions.map(withPid) } };
    case 'ended':
      return { $case: body.$case, value: boundedEnd(body.value) };
    case 'stopped':
      return { $case: body.$case, value: { ended: body.value.ended.map(boundedEnd) } };
    case 'marks':
      return { $case: body.$case, value: boundedMarks(body.value) };
    default:
      return body;
  }
}

function boundedEnd({ processes, survivors, ...rest }: Ended): Ended {
  const named = survivors.slice(0, MAX_SURVIVORS).map(withPid);
  return { ...rest, processes: Math.min(processes, PID_MAX), survivors: named };
}

function boundedMarks({ marks, recording, ...rest }: Marks): Marks {
  const { term = '', shell = '' } = recording ?? {};
  const cut = { term: term.slice(0, MAX_VARIABLE), shell: shell.slice(0, MAX_VARIABLE) };
  return { ...rest, marks: marks.map(boundedMark), recording: recording && cut };
}

function boundedMark({ time, size, ...rest }: Mark): Mark {
  const isPossible = size !== undefined && isTerminalSize(size);
  return { ...rest, time: Math.min(time, LATEST_MS), size: isPossible ? size : undefined };
}

function withPid<Value extends { readonly pid: number }>(value: Value): Value {
  return { ...value, pid: value.pid > 0 && value.pid <= PID_MAX ? value.pid : 0 };
}
