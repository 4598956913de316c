/**
 * Bounds what a link's frames contain. A link is a process of its user, so it is not trusted: larger
 * numbers than the kernel has would not fit into the API's messages, and a pid of 0 or below would mean whole
 * process groups to somebody who passes it to kill(1).
 */
import type { Ended } from '../../generated/latchkey/link/v1/link.ts';
import { type Body, MAX_SURVIVORS } from '../../link-protocol/protocol.ts';

/** Largest pid of the kernel, and with it the most processes (PID_MAX_LIMIT, proc(5)). */
const PID_MAX = 2 ** 22;

/**
 * Returns a frame's content with pids that the kernel can have, or 0, and with counts of at most 2^22
 * processes, and at most 100 survivors for each session.
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
    default:
      return body;
  }
}

function boundedEnd({ processes, survivors, ...rest }: Ended): Ended {
  const named = survivors.slice(0, MAX_SURVIVORS).map(withPid);
  return { ...rest, processes: Math.min(processes, PID_MAX), survivors: named };
}

function withPid<Value extends { readonly pid: number }>(value: Value): Value {
  return { ...value, pid: value.pid > 0 && value.pid <= PID_MAX ? value.pid : 0 };
}
