/**
 * A rule for idle sessions, one line of `sessions.idle_rules`:
 *   ACTION after DURATION [warning DURATION] [from HH:MM to HH:MM] [for WHO ...]
 */
import { secondsIn } from './duration.ts';

const IDLE_ACTIONS = ['warn', 'disconnect', 'end'] as const;
/** An idle session is only warned, or its clients' calls are ended, or it is ended itself. */
export type IdleAction = (typeof IDLE_ACTIONS)[number];

/** Minutes since midnight, local time: from `from` until `to`, over midnight when `to` is not later. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

export interface IdleRule {
  readonly action: IdleAction;
  readonly afterMs: number;
  /** Time between the warning and the action, in whole seconds as `afterMs` is; 0 for `warn`. */
  readonly warningMs: number;
  /** Undefined for the whole day. */
  readonly hours: Hours | undefined;
  /** `role:user`, `unix:students`, or the name of a Linux user. Empty for everybody. */
  readonly whom: readonly string[];
}

const DEFAULT_WARNING_MS = 5 * 60_000;
const LONGEST_WORDS = 64;
const CLAUSES: ReadonlySet<string> = new Set(['after', 'warning', 'from', 'to', 'for']);

/** Returns undefined when `text` is no rule. */
export function parseIdleRule(text: string): IdleRule | undefined {
  const words = text.trim().split(/\s+/);
  const action = IDLE_ACTIONS.find((known) => known === words[0]);
  const clauses = words.length <= LONGEST_WORDS ? clausesIn(words.slice(1)) : undefined;
  const afterMs = msIn(clauses?.after ?? '');
  if (action === undefined || clauses === undefined || afterMs === undefined) return undefined;
  const warningMs = warningOf(action, afterMs, clauses.warning);
  const hours = clauses.hours && hoursOf(clauses.hours);
  if (warningMs === undefined || hours === 'unfit' || !clauses.whom.every(isWho)) return undefined;
  return { action, afterMs, warningMs, hours, whom: clauses.whom };
}

interface Clauses {
  readonly after: string;
  readonly warning?: string | undefined;
  readonly hours?: readonly [string, string] | undefined;
  readonly whom: readonly string[];
}

/** Returns undefined unless `words` are the clauses, each at most once, in their order. */
function clausesIn(words: readonly string[]): Clauses | undefined {
  const clauses =
    /^after (?<after>\S+)(?: warning (?<warning>\S+))?(?: from (?<from>\S+) to (?<to>\S+))?(?: for (?<whom>.+))?$/;
  const { after, warning, from, to, whom } = clauses.exec(words.join(' '))?.groups ?? {};
  if (after === undefined) return undefined;
  const hours = from !== undefined && to !== undefined ? ([from, to] as const) : undefined;
  return { after, warning, hours, whom: whom?.split(' ') ?? [] };
}

/** Returns undefined for a warning that would not come before the action. */
function warningOf(action: IdleAction, afterMs: number, written: string | undefined): number | undefined {
  if (action === 'warn') return written === undefined ? 0 : undefined;
  if (written === undefined) return Math.min(DEFAULT_WARNING_MS, Math.floor(afterMs / 2000) * 1000);
  const warningMs = msIn(written);
  return warningMs !== undefined && warningMs < afterMs ? warningMs : undefined;
}

function msIn(text: string): number | undefined {
  const seconds = secondsIn(text);
  return seconds === undefined ? undefined : seconds * 1000;
}

function hoursOf([from, to]: readonly [string, string]): Hours | 'unfit' {
  const hours = { from: minuteOf(from), to: minuteOf(to) };
  return Number.isNaN(hours.from) || Number.isNaN(hours.to) ? 'unfit' : hours;
}

function minuteOf(text: string): number {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return Number(hour) * 60 + Number(minute);
}

function isWho(text: string): boolean {
  if (CLAUSES.has(text)) return false; // in the wrong place, rather than somebody's name
  const [, kind, name = ''] = /^(?:(role|unix):)?([^:,\p{Cc}-][^:,\p{Cc}]*)$/u.exec(text) ?? [];
  return kind === 'role' ? ['user', 'manager', 'admin'].includes(name) : name !== '';
}
