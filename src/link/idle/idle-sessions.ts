/**
 * Applies the rules for idle sessions (X5), whether or not the daemon is connected. A session is busy while
 * it prints, is given input, or its processes use the processor. It is warned before anything happens to it.
 */
import { type Idle, IdleAction, type IdleRule } from '../../generated/latchkey/link/v1/link.ts';
import { DEFAULT_GRACE_MS } from '../../grace-period.ts';
import { findSession, type LivingProcesses, livingProcesses } from '../processes/descendants.ts';
import type { Session } from '../session/session.ts';
import { idleText } from './idle-text.ts';
import { ProcessorUse } from './processor-use.ts';
import { ruleAt } from './rule-at.ts';

const LONGEST_INTERVAL_MS = 30_000;
const SHORTEST_INTERVAL_MS = 500;
/** The shortest time of a rule is seen at least this often. */
const CHECKS_PER_TIME = 4;

export interface IdleSessionsOptions {
  readonly running: () => Iterable<Session>;
  /** Tells the daemon, if it is connected. */
  readonly report: (idle: Idle) => void;
}

/** The activity of a running session, as far as it is known. */
interface Watched {
  readonly session: Session;
  readonly processor: ProcessorUse;
  activity: Session['activity'];
  /** Bytes that the terminal has yet to print of a warning that was shown on it. */
  expected: number;
  /** Milliseconds of performance.now(). */
  activeMs: number;
  checkedMs: number;
  warning: Warning | undefined;
  isEnding: boolean;
}

/** Times as milliseconds of performance.now(). */
interface Warning {
  readonly action: IdleAction;
  readonly atMs: number;
  /** Time of the action. */
  readonly dueMs: number;
}

export class IdleSessions implements Disposable {
  readonly #options: IdleSessionsOptions;
  readonly #watched = new Map<string, Watched>();
  #rules: readonly IdleRule[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IdleSessionsOptions) {
    this.#options = options;
  }

  /** Replaces the rules. Tells the daemon, which may be a new one, of the sessions that have been warned. */
  set rules(rules: readonly IdleRule[]) {
    const warnings = new Map([...this.#watched.values()].map((watched) => [watched, watched.warning]));
    this.#rules = rules;
    clearInterval(this.#timer);
    this.#check(); // without rules nobody is warned any more
    for (const [watched, warning] of warnings)
      if (watched.warning === warning) this.#tell(watched, performance.now());
    if (rules.length > 0) this.#timer = setInterval(() => this.#check(), intervalMs(rules)).unref();
    else this.#watched.clear();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const rule = ruleAt(this.#rules, new Date());
    const nowMs = performance.now();
    const running = new Map([...this.#options.running()].map((session) => [session.id, session]));
    for (const [id, { session }] of this.#watched) if (running.get(id) !== session) this.#watched.delete(id);
    const processes = running.size > 0 ? processesNow() : undefined;
    for (const session of running.values()) {
      const watched = this.#watched.get(session.id) ?? this.#watch(session, nowMs);
      if (isBusy(watched, processes, nowMs)) watched.activeMs = nowMs;
      watched.checkedMs = nowMs;
      this.#apply(rule, watched, nowMs);
    }
  }

  #watch(session: Session, nowMs: number): Watched {
    const watched: Watched = {
      session,
      processor: new ProcessorUse(),
      activity: session.activity,
      expected: 0,
      activeMs: nowMs,
      checkedMs: nowMs,
      warning: undefined,
      isEnding: false,
    };
    this.#watched.set(session.id, watched);
    return watched;
  }

  #apply(rule: IdleRule | undefined, watched: Watched, nowMs: number): void {
    if (rule === undefined || !concerns(rule, watched)) {
      this.#busyAgain(watched);
      return;
    }
    const { activeMs } = watched;
    const { action } = rule;
    // Who was warned of something else has not been warned.
    const warning = watched.warning?.action === action ? watched.warning : undefined;
    const warningMs = rule.warningSeconds * 1000;
    const dueMs = Math.max(activeMs + rule.afterSeconds * 1000, (warning?.atMs ?? nowMs) + warningMs);
    if (nowMs < dueMs - warningMs) this.#busyAgain(watched);
    else if (warning === undefined) this.#warn(watched, { action, atMs: nowMs, dueMs });
    else if (nowMs >= dueMs && action !== IdleAction.WARN && !watched.isEnding) {
      watched.warning = { ...warning, action, dueMs };
      this.#tell(watched, nowMs);
      this.#act(watched, action);
    }
  }

  #warn(watched: Watched, warning: Warning): void {
    watched.warning = warning;
    const what = this.#tell(watched, warning.atMs);
    if (what !== undefined) watched.expected = watched.session.show(`latchkey: ${idleText(what)}`);
  }

  /** Tells the daemon of a session that has been warned; returns what it tells. */
  #tell({ session, activeMs, warning }: Watched, nowMs: number): Idle | undefined {
    if (warning === undefined) return undefined;
    const { action, dueMs } = warning;
    const idleSeconds = Math.round((nowMs - activeMs) / 1000);
    const secondsLeft = Math.max(0, Math.round((dueMs - nowMs) / 1000));
    const told = { sessionId: session.id, action, idleSeconds, secondsLeft };
    this.#options.report(told);
    return told;
  }

  #act(watched: Watched, action: IdleAction): void {
    const { session } = watched;
    if (action === IdleAction.END) {
      watched.isEnding = true;
      const over = (): void => {
        watched.isEnding = false; // and is tried again if it still runs
      };
      session.end(DEFAULT_GRACE_MS).then(over, over);
    } else this.#watched.delete(session.id); // it is watched anew
  }

  #busyAgain(watched: Watched): void {
    if (watched.warning === undefined || watched.isEnding) return;
    watched.warning = undefined;
    const { id: sessionId } = watched.session;
    const action = IdleAction.UNSPECIFIED;
    this.#options.report({ sessionId, action, idleSeconds: 0, secondsLeft: 0 });
  }
}

/** Only sessions that somebody follows are disconnected. */
function concerns({ action }: IdleRule, { activity }: Watched): boolean {
  return action !== IdleAction.DISCONNECT || activity.isFollowed;
}

function isBusy(watched: Watched, processes: LivingProcesses | undefined, nowMs: number): boolean {
  const { session, processor, checkedMs, activity: before, expected } = watched;
  const { printed, taken } = session.activity;
  watched.activity = session.activity;
  const printedSince = printed - before.printed;
  watched.expected = Math.max(0, expected - printedSince);
  const hasMoved = printedSince > expected || taken > before.taken;
  try {
    const found = processes && findSession(session.processes, processes);
    return found === undefined || processor.isBusy(found, nowMs - checkedMs) || hasMoved;
  } catch {
    return true; // processes that cannot be read may be busy
  }
}

/** Returns undefined when they cannot be read, for example without descriptors. */
function processesNow(): LivingProcesses | undefined {
  try {
    return livingProcesses();
  } catch {
    return undefined;
  }
}

function intervalMs(rules: readonly IdleRule[]): number {
  const times = rules.flatMap(({ afterSeconds, warningSeconds }) => [afterSeconds, warningSeconds]);
  const shortestMs = Math.min(...times.filter((seconds) => seconds > 0)) * 1000;
  return Math.min(Math.max(shortestMs / CHECKS_PER_TIME, SHORTEST_INTERVAL_MS), LONGEST_INTERVAL_MS);
}
